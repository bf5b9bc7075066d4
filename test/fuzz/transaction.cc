// Fuzzes one PAM transaction against a libpam that answers as the input says: which calls are made, with what, in which
// order, and what is made of their answers.
#include "../../src/native/transaction.h"

#include <fuzzer/FuzzedDataProvider.h>
#include <security/pam_appl.h>

#include <algorithm>
#include <string>
#include <vector>

#include "expect.h"
#include "input.h"
#include "messages.h"

namespace {

using pamhook::Request;

constexpr size_t kMaxConversations = 6;

using DelayFunction = void (*)(int, unsigned, void*);

}  // namespace

// libpam's handle; what the calls leave in it is what a model of a right transaction compares.
struct pam_handle {
  pam_handle(FuzzedDataProvider& given, const Request& asked) : input(given), request(asked) {}

  FuzzedDataProvider& input;
  const Request& request;
  pam_conv conversation = {};
  std::vector<std::string> calls;
  std::string user;
  int last = PAM_SUCCESS;
  bool ended = false;
  bool has_delay = false;
  unsigned longest_delay = 0;
};

namespace {

pam_handle* pam = nullptr;

int ConsumeCode(FuzzedDataProvider& input) {
  switch (input.ConsumeIntegralInRange<int>(0, 7)) {
    case 7:
      return input.ConsumeIntegral<int>();
    case 6:
      return input.ConsumeIntegralInRange<int>(0, 40);
    default:
      return PAM_SUCCESS;
  }
}

// Each call goes through here: on a live handle, and only as long as none has failed.
int Called(pam_handle_t* handle, const char* name) {
  Expect(handle == pam && !pam->ended, "libpam gets the handle it gave out");
  Expect(pam->last == PAM_SUCCESS, "nothing is called after a call that failed");
  pam->calls.push_back(name);
  return pam->last = ConsumeCode(pam->input);
}

int StartAs(const char* service, const char* user, const pam_conv* conversation, pam_handle_t** handle) {
  Expect(pam->calls.empty(), "a transaction starts once");
  Expect(pam->request.service == service && pam->request.user == user, "service and user as they were asked for");
  pam->calls.push_back("start");
  pam->conversation = *conversation;
  pam->last = ConsumeCode(pam->input);
  // Of a start that failed the handle is undefined.
  *handle = pam->last == PAM_SUCCESS || pam->input.ConsumeBool() ? pam : nullptr;
  return pam->last;
}

// A module at work: it may talk, and ask for a delay.
void RunModules() {
  const size_t conversations = pam->input.ConsumeIntegralInRange<size_t>(0, kMaxConversations);
  for (size_t i = 0; i < conversations; i++) {
    Call call(pam->input);
    pam_response* replies = nullptr;
    const int code = pam->conversation.conv(call.count, call.Array(), call.has_replies ? &replies : nullptr,
                                            pam->conversation.appdata_ptr);
    Expect((code == PAM_SUCCESS) == (replies != nullptr), "replies come with success");
    if (code != PAM_SUCCESS) continue;
    for (int at = 0; at < call.count; at++) std::free(replies[at].resp);
    std::free(replies);
  }
}

}  // namespace

extern "C" {

int pam_start(const char* service, const char* user, const pam_conv* conversation, pam_handle_t** handle) {
  Expect(!pam->request.directory, "a directory is not passed over");
  return StartAs(service, user, conversation, handle);
}

int pam_start_confdir(const char* service, const char* user, const pam_conv* conversation, const char* directory,
                      pam_handle_t** handle) {
  Expect(pam->request.directory && *pam->request.directory == directory, "the directory as it was asked for");
  return StartAs(service, user, conversation, handle);
}

int pam_set_item(pam_handle_t* handle, int type, const void* item) {
  const Request& request = pam->request;
  if (type == PAM_FAIL_DELAY) {
    const int code = Called(handle, "delay");
    if (code == PAM_SUCCESS) pam->has_delay = item != nullptr;
    if (code == PAM_SUCCESS && pam->input.ConsumeBool()) {
      const auto delay = pam->input.ConsumeIntegral<unsigned>();
      pam->longest_delay = std::max(pam->longest_delay, delay);
      reinterpret_cast<DelayFunction>(const_cast<void*>(item))(PAM_AUTH_ERR, delay, pam->conversation.appdata_ptr);
    }
    return code;
  }
  Expect(type == PAM_RHOST || type == PAM_TTY, "no other item is set");
  const std::string& wanted = type == PAM_RHOST ? request.remote_host.value_or("none at all") : request.tty;
  Expect(wanted == static_cast<const char*>(item), "an item as it was asked for");
  return Called(handle, type == PAM_RHOST ? "rhost" : "tty");
}

int pam_authenticate(pam_handle_t* handle, int flags) {
  Expect(flags == PAM_DISALLOW_NULL_AUTHTOK, "no empty password");
  Expect(pam->has_delay, "libpam never sleeps");
  Expect(pam->request.authenticate, "authentication only where it is asked for");
  const int code = Called(handle, "authenticate");
  RunModules();
  return code;
}

int pam_acct_mgmt(pam_handle_t* handle, int flags) {
  Expect(flags == PAM_DISALLOW_NULL_AUTHTOK, "no empty password");
  const int code = Called(handle, "account");
  RunModules();
  return code;
}

int pam_get_item(const pam_handle_t* handle, int type, const void** item) {
  Expect(type == PAM_USER, "no other item is read");
  const int code = Called(const_cast<pam_handle_t*>(handle), "user");
  if (code != PAM_SUCCESS) return code;
  pam->user = ConsumeText(pam->input);
  *item = ConsumeRare(pam->input, 8) ? nullptr : pam->user.c_str();
  if (*item == nullptr) pam->last = PAM_BAD_ITEM;
  return PAM_SUCCESS;
}

int pam_end(pam_handle_t* handle, int status) {
  Expect(handle == pam && !pam->ended, "a handle ends once");
  Expect(pam->calls.front() == "start" && (pam->calls.size() > 1 || pam->last == PAM_SUCCESS), "a started one");
  Expect(status == pam->last, "modules' cleanups see how it ended");
  pam->ended = true;
  return PAM_SUCCESS;
}
}

namespace {

Request ConsumeRequest(FuzzedDataProvider& input) {
  Request request;
  request.service = WithoutNul(input.ConsumeRandomLengthString(16));
  request.user = WithoutNul(input.ConsumeRandomLengthString(16));
  if (input.ConsumeBool()) request.remote_host = WithoutNul(input.ConsumeRandomLengthString(16));
  request.tty = WithoutNul(input.ConsumeRandomLengthString(16));
  if (input.ConsumeBool()) request.directory = WithoutNul(input.ConsumeRandomLengthString(16));
  request.authenticate = input.ConsumeBool();
  return request;
}

// The calls of a transaction in which nothing fails, each with the stage that it belongs to.
std::vector<std::pair<std::string, std::string>> WholeTransaction(const Request& request) {
  std::vector<std::pair<std::string, std::string>> calls = {{"start", "start"}};
  if (request.remote_host) calls.emplace_back("rhost", "items");
  calls.insert(calls.end(), {{"tty", "items"}, {"delay", "items"}});
  if (request.authenticate) calls.emplace_back("authenticate", "authenticate");
  calls.insert(calls.end(), {{"account", "account"}, {"user", "user"}});
  return calls;
}

void Check(const pam_handle& done, const pamhook::Outcome& outcome) {
  const auto whole = WholeTransaction(done.request);
  Expect(done.calls.size() <= whole.size() &&
             std::equal(done.calls.begin(), done.calls.end(), whole.begin(),
                        [](const std::string& call, const auto& wanted) { return call == wanted.first; }),
         "the calls in their order");
  Expect(outcome.code == done.last, "the outcome is that of the last call");
  Expect(done.ended == (done.calls.size() > 1), "a handle that was started is ended");
  if (outcome.code == PAM_SUCCESS) {
    Expect(done.calls.size() == whole.size(), "success comes at the end of all calls");
    Expect(std::string("account") == outcome.stage, "the stage of a success");
    Expect(outcome.user == done.user, "the user that PAM ended with");
  } else {
    Expect(whole[done.calls.size() - 1].second == outcome.stage, "the stage that failed");
    Expect(outcome.user.empty(), "a failure names no user");
  }
  const std::string name = pamhook::CodeName(outcome.code);
  Expect(name.rfind("PAM_", 0) == 0 && name.size() > 4, "every code has a name");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  const Request request = ConsumeRequest(input);
  pamhook::Conversation conversation;
  const std::string response = ConsumeText(input).substr(0, 511);
  if (input.ConsumeBool()) conversation.responses.push_back(response);
  pam_handle handle(input, request);
  pam = &handle;
  const pamhook::Outcome outcome = pamhook::RunTransaction(request, conversation);
  Check(handle, outcome);
  Expect(conversation.fail_delay == handle.longest_delay, "the longest delay");
  return 0;
}
