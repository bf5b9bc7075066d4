// Put before libpam: a transaction cannot start, and leaves a handle that is none.
#include <security/pam_appl.h>

int pam_start(const char* service, const char* user, const struct pam_conv* conversation, pam_handle_t** handle) {
  (void)service, (void)user, (void)conversation;
  *handle = (pam_handle_t*)1;
  return PAM_ABORT;
}
