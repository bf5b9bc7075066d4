/* Preloaded by tests: when the addon prepares the C heap by mallopt(3), maps a page right behind the heap, so that brk(2) fails. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static void block(void) {
  static const char said[] = "the heap is blocked\n";
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  const uintptr_t end = ((uintptr_t)sbrk(0) + page - 1) / page * page;
  void *mapped = mmap((void *)end, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (mapped == (void *)end && write(STDERR_FILENO, said, sizeof said - 1) < 0) _exit(1);
}

int mallopt(int parameter, int value) {
  static int blocked = 0;
  int (*next)(int, int) = (int (*)(int, int))dlsym(RTLD_NEXT, "mallopt");
  if (!blocked) block();
  blocked = 1;
  return next(parameter, value);
}
