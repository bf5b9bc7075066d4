// The user and group database in C++ terms: three answers, kept apart. Called on the pool's threads; knows no
// JavaScript.
#ifndef PAMHOOK_LOOKUP_H_
#define PAMHOOK_LOOKUP_H_

#include <sys/types.h>

#include <cstddef>
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

// How far buffers grow: what is larger is a failure.
struct LookupBounds {
  size_t first_buffer = 4096;
  size_t max_passwd_buffer = size_t{1} << 20;
  size_t max_group_buffer = size_t{16} << 20;  // an entry lists its members: thousands are common
  int first_groups = 64;
  int max_groups = 65536;  // NGROUPS_MAX
};

Answer<User> FindUser(const std::string& name, const LookupBounds& bounds = {});
Answer<gid_t> FindGroup(const std::string& name, const LookupBounds& bounds = {});
Answer<std::vector<Group>> FindGroupsOf(const std::string& name, gid_t gid, const LookupBounds& bounds = {});

}  // namespace pamhook

#endif  // PAMHOOK_LOOKUP_H_
