// pam_start loads the modules of a service and pam_end unloads them, which costs more processor time than all else that
// a login does beside the hash and TLS. A handle of their own, with which nobody is asked anything, keeps them loaded.
#include "kept-modules.h"

#include <security/pam_appl.h>

#include <chrono>

namespace {

using Clock = std::chrono::steady_clock;

// No longer, so that modules that are replaced on disk are soon loaded anew. Service files are read at each login all
// the same.
constexpr std::chrono::seconds kKeepFor{10};

pam_handle_t* kept = nullptr;
Clock::time_point since;

int SayNothing(int, const pam_message**, pam_response**, void*) { return PAM_CONV_ERR; }

}  // namespace

void pamhook::KeepModules(const Request& request) {
  if (kept != nullptr && Clock::now() < since + kKeepFor) return;
  if (kept != nullptr) pam_end(kept, PAM_SUCCESS);
  const pam_conv conv = {SayNothing, nullptr};
  const char* service = request.service.c_str();
  const int status = request.directory ? pam_start_confdir(service, nullptr, &conv, request.directory->c_str(), &kept)
                                       : pam_start(service, nullptr, &conv, &kept);
  // pam_start(3): undefined then. What is wrong the transaction itself will say.
  if (status != PAM_SUCCESS) kept = nullptr;
  since = Clock::now();
}
