// libpam SERVICE PROCESSES SECONDS USER_PREFIX <PASSWORD
// The floor of logins: plain processes that do nothing but PAM transactions of their own user, as pamhook does them.
#include <security/pam_appl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char password[256];

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int answer(int count, const struct pam_message** messages, struct pam_response** responses, void* data) {
  (void)messages, (void)data;
  *responses = calloc((size_t)count, sizeof **responses);
  for (int index = 0; index < count; index++) (*responses)[index].resp = strdup(password);
  return PAM_SUCCESS;
}

static int log_in(const char* service, const char* user) {
  struct pam_conv conversation = {.conv = answer};
  pam_handle_t* handle = NULL;
  if (pam_start(service, user, &conversation, &handle) != PAM_SUCCESS) return PAM_SYSTEM_ERR;
  int result = pam_authenticate(handle, PAM_DISALLOW_NULL_AUTHTOK);
  if (result == PAM_SUCCESS) result = pam_acct_mgmt(handle, PAM_DISALLOW_NULL_AUTHTOK);
  pam_end(handle, result);
  return result;
}

int main(int argc, char** argv) {
  if (argc != 5 || fgets(password, sizeof password, stdin) == NULL) return 2;
  password[strcspn(password, "\n")] = '\0';
  int processes = atoi(argv[2]);
  double seconds = atof(argv[3]);
  uint64_t* counts =
      mmap(NULL, 3 * (size_t)processes * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int64_t end = now() + (int64_t)(seconds * 1e9);
  for (int index = 0; index < processes; index++) {
    if (fork() != 0) continue;
    char user[64];
    snprintf(user, sizeof user, "%s%d", argv[4], index);
    while (now() < end) {
      int result = log_in(argv[1], user);
      // What was not done in time counts for what it cost, not for what it gave.
      counts[3 * index + (result != PAM_SUCCESS ? 1 : now() <= end ? 0 : 2)]++;
    }
    _exit(0);
  }
  while (wait(NULL) > 0) continue;
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  uint64_t all[3] = {0};
  for (int index = 0; index < 3 * processes; index++) all[index % 3] += counts[index];
  double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  printf("%llu %llu %.6f %llu %.6f\n", (unsigned long long)all[0], (unsigned long long)all[1], seconds,
         (unsigned long long)all[2], cpu);
  return 0;
}
