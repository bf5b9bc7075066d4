// The pool is one a process, shared by its JavaScript environments; each environment has a channel its answers return
// by.
#include "lookup-pool.h"

#include <errno.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "addon.h"

namespace {

// So many run at a time, unless they take longer than a directory that is well: then further ones do not wait for them.
constexpr size_t kAtOnce = 4;
constexpr std::chrono::milliseconds kPatience{250};
constexpr size_t kThreads = 16;
constexpr size_t kMaxWaiting = 1024;

class Channel;

struct Job {
  std::shared_ptr<Channel> channel;
  Napi::Promise::Deferred promise;
  pamhook::Work work;
  pamhook::Settle settle;
  std::chrono::steady_clock::time_point since;
};

void Deliver(Napi::Env env, Napi::Function, Channel* channel, Job* job);
using Threadsafe = Napi::TypedThreadSafeFunction<Channel, Job, Deliver>;

// The way back to one JavaScript environment. It closes when the environment ends, perhaps long before an answer comes.
class Channel {
 public:
  explicit Channel(Napi::Env env) : function_(Threadsafe::New(env, "pamhook lookup", 0, 1, this)) {
    function_.Unref(env);
  }

  // A waiting promise keeps the event loop alive, as any other does; process.exit() waits for none.
  void Expect(Napi::Env env) {
    if (expected_++ == 0) function_.Ref(env);
  }
  void Settled(Napi::Env env) {
    if (--expected_ == 0) function_.Unref(env);
  }

  // On a thread of the pool. The lock is what lets Close() promise that no thread is inside function_ afterwards.
  void Send(std::unique_ptr<Job> job) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (open_ && function_.NonBlockingCall(job.get()) == napi_ok) job.release();
  }

  // Runs before Node itself destroys function_: cleanup hooks run in reverse order of their making.
  void Close() {
    std::lock_guard<std::mutex> lock(mutex_);
    open_ = false;
  }

 private:
  Threadsafe function_;
  size_t expected_ = 0;  // of the JavaScript thread alone
  std::mutex mutex_;
  bool open_ = true;
};

void Deliver(Napi::Env env, Napi::Function, Channel* channel, Job* job) {
  std::unique_ptr<Job> owned(job);
  if (env == nullptr) return;  // the environment is ending
  channel->Settled(env);
  try {
    job->promise.Resolve(job->settle(env));
  } catch (const Napi::Error& error) {
    job->promise.Reject(error.Value());
  }
}

class Pool {
 public:
  // False when the queue is full, or when not even one thread can be had.
  bool Add(std::unique_ptr<Job> job) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (waiting_.size() >= kMaxWaiting) return false;
    if (waiting_.size() >= idle_ && threads_ < kThreads) StartThread();
    if (threads_ == 0) return false;
    job->since = std::chrono::steady_clock::now();
    waiting_.push_back(std::move(job));
    arrived_.notify_one();
    return true;
  }

 private:
  // Signals belong to Node's threads; a new thread inherits the mask.
  void StartThread() {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      std::thread([this] { Serve(); }).detach();
      threads_++;
    } catch (const std::system_error&) {
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  [[noreturn]] void Serve() {
    for (;;) {
      std::unique_ptr<Job> job = Take();
      try {
        job->settle = job->work();
      } catch (const std::bad_alloc&) {
        job->settle = [](Napi::Env env) -> Napi::Value { throw pamhook::SystemError(env, ENOMEM, "lookup"); };
      }
      std::shared_ptr<Channel> channel = job->channel;
      channel->Send(std::move(job));
      std::lock_guard<std::mutex> lock(mutex_);
      running_--;
    }
  }

  std::unique_ptr<Job> Take() {
    std::unique_lock<std::mutex> lock(mutex_);
    idle_++;
    while (!MayTake()) {
      if (waiting_.empty()) {
        arrived_.wait(lock);
      } else {
        arrived_.wait_until(lock, waiting_.front()->since + kPatience);
      }
    }
    idle_--;
    running_++;
    std::unique_ptr<Job> job = std::move(waiting_.front());
    waiting_.pop_front();
    // Somebody has to see to it that the next one does not wait for long.
    if (!waiting_.empty()) arrived_.notify_one();
    return job;
  }

  bool MayTake() const {
    if (waiting_.empty()) return false;
    return running_ < kAtOnce || std::chrono::steady_clock::now() >= waiting_.front()->since + kPatience;
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::unique_ptr<Job>> waiting_;
  size_t running_ = 0;  // those that hang among them
  size_t idle_ = 0;
  size_t threads_ = 0;
};

// Never destroyed: its threads may be inside a lookup while exit() runs destructors (and the library is linked
// with -z nodelete, so that their code stays when a Worker that loaded it ends).
Pool& ThePool() {
  static Pool* pool = new Pool;
  return *pool;
}

std::shared_ptr<Channel> ChannelOf(Napi::Env env) {
  using Held = std::shared_ptr<Channel>;
  if (Held* held = env.GetInstanceData<Held>()) return *held;
  Held* held = new Held(std::make_shared<Channel>(env));
  env.SetInstanceData<Held>(held);
  Held copy = *held;
  env.AddCleanupHook([copy] { copy->Close(); });
  return copy;
}

}  // namespace

Napi::Value pamhook::Enqueue(Napi::Env env, Work work) {
  std::shared_ptr<Channel> channel = ChannelOf(env);
  Napi::Promise::Deferred deferred = Napi::Promise::Deferred::New(env);
  Napi::Value promise = deferred.Promise();
  auto job = std::make_unique<Job>(Job{channel, deferred, std::move(work), nullptr, {}});
  if (ThePool().Add(std::move(job))) {
    channel->Expect(env);
  } else {
    deferred.Reject(SystemError(env, EAGAIN, "lookup").Value());
  }
  return promise;
}
