// The user and group database in C++ terms: three answers, kept apart. Called on the pool's threads; knows no
// JavaScript.
#ifndef PAMHOOK_LOOKUP_H_
#define PAMHOOK_LOOKUP_H_

#include <sys/types.h>

#include <string>
#include <variant>
#include <vector>

namespace pamhook {

struct NotFound {};

struct Failure {
  int number;  // an errno
  const char* call;
};

template <typename Found>
using Answer = std::variant<Found, NotFound, Failure>;

struct User {
  std::string name;
  uid_t uid;
  gid_t gid;
};

struct Group {
  gid_t gid;
  std::string name;  // empty: no entry names it
};

Answer<User> FindUser(const std::string& name);
Answer<gid_t> FindGroup(const std::string& name);
Answer<std::vector<Group>> FindGroupsOf(const std::string& name, gid_t gid);

}  // namespace pamhook

#endif  // PAMHOOK_LOOKUP_H_
