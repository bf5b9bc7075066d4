// A PAM module that asks some people for more than a password, in words that would be markup if anybody let them: careful is asked two things whatever
// comes of the first, stepwise the second only after the first; coded, for pictures, in words that are none.
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdlib.h>
#include <string.h>

static int ask(pam_handle_t* handle, int style, const char* words, const char* right) {
  char* response = NULL;
  int code = pam_prompt(handle, style, &response, "%s", words);
  if (code == PAM_SUCCESS && (response == NULL || strcmp(response, right) != 0)) code = PAM_AUTH_ERR;
  free(response);
  return code;
}

int pam_sm_authenticate(pam_handle_t* handle, int flags, int count, const char** arguments) {
  (void)flags, (void)count, (void)arguments;
  const char* user = NULL;
  if (pam_get_user(handle, &user, NULL) != PAM_SUCCESS) return PAM_USER_UNKNOWN;
  if (strcmp(user, "coded") == 0) return ask(handle, PAM_PROMPT_ECHO_OFF, "One-time code: ", "123456");
  int steps = strcmp(user, "stepwise") == 0;
  if (!steps && strcmp(user, "careful") != 0) return PAM_IGNORE;
  int first = ask(handle, PAM_PROMPT_ECHO_ON, "Name of your <b>pet</b>: ", "rex");
  if (steps && first != PAM_SUCCESS) return first;
  int second = ask(handle, PAM_PROMPT_ECHO_OFF, "One-time code <img src=x>: ", "123456");
  return first != PAM_SUCCESS ? first : second;
}

int pam_sm_setcred(pam_handle_t* handle, int flags, int count, const char** arguments) {
  (void)handle, (void)flags, (void)count, (void)arguments;
  return PAM_SUCCESS;
}

int pam_sm_acct_mgmt(pam_handle_t* handle, int flags, int count, const char** arguments) {
  (void)flags, (void)count, (void)arguments;
  const char* user = NULL;
  if (pam_get_user(handle, &user, NULL) != PAM_SUCCESS) return PAM_USER_UNKNOWN;
  if (strcmp(user, "careful") == 0) pam_info(handle, "%s", "Your <i>password</i> expires in 3 days");
  return PAM_IGNORE;
}
