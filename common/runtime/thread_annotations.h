#pragma once

// Thread-safety annotations: checked by clang in syntax-only mode, nothing for gcc.
#ifdef __clang__
#define KARP_ANNOTATION(x) __attribute__((x))
#else
#define KARP_ANNOTATION(x)
#endif

#define KARP_CAPABILITY(name) KARP_ANNOTATION(capability(name))
#define KARP_SCOPED_CAPABILITY KARP_ANNOTATION(scoped_lockable)
#define KARP_GUARDED_BY(mutex) KARP_ANNOTATION(guarded_by(mutex))
#define KARP_REQUIRES(mutex) KARP_ANNOTATION(requires_capability(mutex))
#define KARP_ACQUIRE(...) KARP_ANNOTATION(acquire_capability(__VA_ARGS__))
#define KARP_RELEASE(...) KARP_ANNOTATION(release_capability(__VA_ARGS__))
#define KARP_NO_THREAD_SAFETY_ANALYSIS KARP_ANNOTATION(no_thread_safety_analysis)
