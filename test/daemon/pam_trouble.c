/* A PAM module for tests: what it does, in either phase, hangs on the user's name. Its argument is a file it makes before it
   hangs. */
#include <security/pam_modules.h>
#include <security/pam_ext.h>
#include <security/pam_appl.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int trouble(pam_handle_t *handle, int argc, const char **argv) {
  const char *user = "";
  if (pam_get_user(handle, &user, NULL) != PAM_SUCCESS) return PAM_USER_UNKNOWN;
  if (strncmp(user, "hang", 4) == 0) {
    if (argc > 0) close(open(argv[0], O_CREAT | O_WRONLY, 0600));
    pause();
  }
  if (strcmp(user, "crash") == 0) raise(SIGSEGV);
  if (strcmp(user, "leave") == 0) _exit(0);
  if (strcmp(user, "helper") == 0) {
    if (fork() == 0) {
      setsid();
      execl("/bin/sleep", "sleep", "600", NULL);
      _exit(127);
    }
    pause();
  }
  if (strcmp(user, "orphan") == 0 && fork() == 0) {
    if (fork() == 0) {
      setsid();
      execl("/bin/sleep", "sleep", "600", NULL);
    }
    _exit(0);
  }
  if (strcmp(user, "leak") == 0) {
    while (open("/dev/null", O_RDONLY) >= 0) continue;
  }
  if (strcmp(user, "talk") == 0 && write(2, "talk\n", 5) < 0) return PAM_IGNORE;
  if (strcmp(user, "service") == 0) return PAM_SERVICE_ERR;
  return PAM_IGNORE;
}

int pam_sm_authenticate(pam_handle_t *handle, int flags, int argc, const char **argv) {
  (void)flags;
  return trouble(handle, argc, argv);
}

int pam_sm_acct_mgmt(pam_handle_t *handle, int flags, int argc, const char **argv) {
  (void)flags;
  return trouble(handle, argc, argv);
}

int pam_sm_setcred(pam_handle_t *handle, int flags, int argc, const char **argv) {
  (void)handle, (void)flags, (void)argc, (void)argv;
  return PAM_SUCCESS;
}
