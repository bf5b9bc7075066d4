// One PAM transaction in C++ terms, as one blocking call. Runs in the PAM worker, on its main thread; knows no
// JavaScript.
#ifndef PAMHOOK_TRANSACTION_H_
#define PAMHOOK_TRANSACTION_H_

#include <optional>
#include <string>

#include "conversation.h"

namespace pamhook {

struct Request {
  std::string service;
  std::string user;
  std::optional<std::string> remote_host;
  std::string tty;
  std::optional<std::string> directory;
  bool authenticate;
};

struct Outcome {
  int code;
  const char* stage;
  std::string user;
};

Outcome RunTransaction(const Request& request, Conversation& conversation);

// Such as `PAM_AUTH_ERR`.
std::string CodeName(int code);

}  // namespace pamhook

#endif  // PAMHOOK_TRANSACTION_H_
