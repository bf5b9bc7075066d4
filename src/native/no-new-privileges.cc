// no_new_privs for every thread, and an end to the system calls that a captured process would use next; runs in the
// front.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

#include "addon.h"

namespace {

#if defined(__x86_64__)
#define PAMHOOK_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define PAMHOOK_AUDIT_ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef PAMHOOK_AUDIT_ARCH

// Other programs, other processes' memory and descriptors, mounts, the kernel's code, namespaces, keyrings.
// io_uring_enter is not here: from Node 22 on libuv has a ring when it starts, and would abort.
constexpr uint32_t kDenied[] = {SYS_execve,
                                SYS_execveat,
                                SYS_ptrace,
                                SYS_process_vm_readv,
                                SYS_process_vm_writev,
                                SYS_pidfd_getfd,
                                SYS_mount,
                                SYS_umount2,
                                SYS_pivot_root,
                                SYS_chroot,
                                SYS_move_mount,
                                SYS_open_tree,
                                SYS_fsopen,
                                SYS_fsconfig,
                                SYS_fsmount,
                                SYS_fspick,
                                SYS_mount_setattr,
                                SYS_bpf,
                                SYS_kexec_load,
                                SYS_kexec_file_load,
                                SYS_init_module,
                                SYS_finit_module,
                                SYS_delete_module,
                                SYS_unshare,
                                SYS_setns,
                                SYS_keyctl,
                                SYS_add_key,
                                SYS_request_key,
                                SYS_userfaultfd,
                                SYS_perf_event_open,
                                SYS_io_uring_setup,
                                SYS_io_uring_register};

// Threads are all that may be made, by clone: a process that left the session would outlive this one and the
// supervisor.
#ifdef SYS_fork
const std::vector<uint32_t> kForks = {SYS_fork, SYS_vfork};
#else
const std::vector<uint32_t> kForks;
#endif

constexpr uint32_t kNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr uint32_t kOtherAbi = 0x40000000;  // x32 on x86_64; no system call of aarch64 has such a number

class Filter {
 public:
  void Load(size_t offset) { Add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset))); }
  void Return(uint32_t action) { Add(BPF_STMT(BPF_RET | BPF_K, action)); }
  // Returns `action` when the comparison holds, else goes on.
  void When(uint16_t comparison, uint32_t operand, uint32_t action) {
    Jump(comparison, operand, 0, 1);
    Return(action);
  }
  void Unless(uint16_t comparison, uint32_t operand, uint32_t action) {
    Jump(comparison, operand, 1, 0);
    Return(action);
  }
  void SkipUnless(uint16_t comparison, uint32_t operand, uint8_t instructions) {
    Jump(comparison, operand, 0, instructions);
  }
  sock_fprog Program() { return {static_cast<unsigned short>(code_.size()), code_.data()}; }

 private:
  void Jump(uint16_t comparison, uint32_t operand, uint8_t holds, uint8_t fails) {
    Add(BPF_JUMP(static_cast<uint16_t>(BPF_JMP | comparison | BPF_K), operand, holds, fails));
  }
  void Add(sock_filter instruction) { code_.push_back(instruction); }
  std::vector<sock_filter> code_;
};

Filter MakeFilter() {
  constexpr uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
  Filter filter;
  filter.Load(offsetof(seccomp_data, arch));
  filter.Unless(BPF_JEQ, PAMHOOK_AUDIT_ARCH, kRefuse);
  filter.Load(offsetof(seccomp_data, nr));
  filter.When(BPF_JGE, kOtherAbi, kRefuse);
  for (uint32_t number : kDenied) filter.When(BPF_JEQ, number, kRefuse);
  for (uint32_t number : kForks) filter.When(BPF_JEQ, number, kRefuse);
  // Its flags lie in memory, out of a filter's sight; glibc then falls back to clone.
  filter.When(BPF_JEQ, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
  filter.SkipUnless(BPF_JEQ, SYS_clone, 5);
  filter.Load(offsetof(seccomp_data, args[0]));
  filter.When(BPF_JSET, kNamespaces, kRefuse);
  filter.Unless(BPF_JSET, CLONE_THREAD, kRefuse);
  filter.Return(SECCOMP_RET_ALLOW);
  return filter;
}

// TSYNC puts the filter, and no_new_privs with it, on every thread of the process.
bool FilterAllThreads() {
  Filter filter = MakeFilter();
  sock_fprog program = filter.Program();
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

#else

bool FilterAllThreads() { return false; }

#endif

// True when all threads are bound, false when the kernel could do no more than this one.
Napi::Value SetNoNewPrivileges(const Napi::CallbackInfo& info) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw pamhook::SystemError(info.Env(), errno, "prctl");
  return Napi::Boolean::New(info.Env(), FilterAllThreads());
}

}  // namespace

void pamhook::RegisterNoNewPrivileges(Napi::Env env, Napi::Object exports) {
  Export<SetNoNewPrivileges>(env, exports, "setNoNewPrivileges");
}
