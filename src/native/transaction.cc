// Start, items, authenticate, account, user, end: on one handle, and no further than the first that fails.
#include "transaction.h"

#include <security/pam_appl.h>

namespace {

using pamhook::Conversation;
using pamhook::Converse;
using pamhook::RecordDelay;

// A PAM handle; pam_end gets the last status, which modules' cleanups look at.
class Handle {
 public:
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (handle_ != nullptr) pam_end(handle_, status_);
  }

  int Start(const std::string& service, const std::string& user, const pam_conv& conv,
            const std::optional<std::string>& directory) {
    status_ = directory ? pam_start_confdir(service.c_str(), user.c_str(), &conv, directory->c_str(), &handle_)
                        : pam_start(service.c_str(), user.c_str(), &conv, &handle_);
    // pam_start(3): undefined then.
    if (status_ != PAM_SUCCESS) handle_ = nullptr;
    return status_;
  }

  int SetItems(const std::optional<std::string>& remote_host, const std::string& tty) {
    if (remote_host) status_ = pam_set_item(handle_, PAM_RHOST, remote_host->c_str());
    if (status_ == PAM_SUCCESS) status_ = pam_set_item(handle_, PAM_TTY, tty.c_str());
    if (status_ == PAM_SUCCESS) status_ = pam_set_item(handle_, PAM_FAIL_DELAY, reinterpret_cast<void*>(&RecordDelay));
    return status_;
  }

  int Authenticate() { return status_ = pam_authenticate(handle_, PAM_DISALLOW_NULL_AUTHTOK); }

  int CheckAccount() { return status_ = pam_acct_mgmt(handle_, PAM_DISALLOW_NULL_AUTHTOK); }

  int GetUser(std::string& user) {
    const void* item = nullptr;
    status_ = pam_get_item(handle_, PAM_USER, &item);
    if (status_ == PAM_SUCCESS && item == nullptr) status_ = PAM_BAD_ITEM;
    if (status_ == PAM_SUCCESS) user = static_cast<const char*>(item);
    return status_;
  }

 private:
  pam_handle_t* handle_ = nullptr;
  int status_ = PAM_SUCCESS;
};

}  // namespace

namespace pamhook {

Outcome RunTransaction(const Request& request, Conversation& conversation) {
  const pam_conv conv = {Converse, &conversation};
  Handle handle;
  Outcome outcome = {PAM_SUCCESS, "start", ""};
  const auto ended = [&outcome](const char* stage, int code) {
    outcome.stage = stage;
    outcome.code = code;
    return code != PAM_SUCCESS;
  };
  if (ended("start", handle.Start(request.service, request.user, conv, request.directory))) return outcome;
  if (ended("items", handle.SetItems(request.remote_host, request.tty))) return outcome;
  if (request.authenticate && ended("authenticate", handle.Authenticate())) return outcome;
  if (ended("account", handle.CheckAccount())) return outcome;
  int code = handle.GetUser(outcome.user);
  if (code != PAM_SUCCESS) ended("user", code);
  return outcome;
}

std::string CodeName(int code) {
  switch (code) {
#define NAME(constant) \
  case constant:       \
    return #constant
    NAME(PAM_SUCCESS);
    NAME(PAM_OPEN_ERR);
    NAME(PAM_SYMBOL_ERR);
    NAME(PAM_SERVICE_ERR);
    NAME(PAM_SYSTEM_ERR);
    NAME(PAM_BUF_ERR);
    NAME(PAM_PERM_DENIED);
    NAME(PAM_AUTH_ERR);
    NAME(PAM_CRED_INSUFFICIENT);
    NAME(PAM_AUTHINFO_UNAVAIL);
    NAME(PAM_USER_UNKNOWN);
    NAME(PAM_MAXTRIES);
    NAME(PAM_NEW_AUTHTOK_REQD);
    NAME(PAM_ACCT_EXPIRED);
    NAME(PAM_SESSION_ERR);
    NAME(PAM_CRED_UNAVAIL);
    NAME(PAM_CRED_EXPIRED);
    NAME(PAM_CRED_ERR);
    NAME(PAM_NO_MODULE_DATA);
    NAME(PAM_CONV_ERR);
    NAME(PAM_AUTHTOK_ERR);
    NAME(PAM_AUTHTOK_RECOVERY_ERR);
    NAME(PAM_AUTHTOK_LOCK_BUSY);
    NAME(PAM_AUTHTOK_DISABLE_AGING);
    NAME(PAM_TRY_AGAIN);
    NAME(PAM_IGNORE);
    NAME(PAM_ABORT);
    NAME(PAM_AUTHTOK_EXPIRED);
    NAME(PAM_MODULE_UNKNOWN);
    NAME(PAM_BAD_ITEM);
    NAME(PAM_CONV_AGAIN);
    NAME(PAM_INCOMPLETE);
#undef NAME
    default:
      return "PAM_" + std::to_string(code);
  }
}

}  // namespace pamhook
