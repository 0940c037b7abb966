/* The passes for one kind of floating number, once for every kind of processor.
 *
 * _kernel_passes.h says what the macros mean, and undefines them at its end. */

#if IS_DOUBLE
#define NUMBER(x, processor) x##_double_##processor
#else
#define NUMBER(x, processor) x##_float_##processor
#endif

#ifdef IS_X86

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,prefer-vector-width=512")
#endif
#define NAME(x) NUMBER(x, avx512)
#define BYTES 64
#define CAN_COMPRESS 1
#define TILE 12
#define CASES CASES_12
#define BLOCK 8
#include "_kernel_passes.h"
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define NAME(x) NUMBER(x, avx2)
#define BYTES 32
#define TILE 6
#define CASES CASES_6
#define BLOCK 4
#include "_kernel_passes.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif

#define NAME(x) NUMBER(x, baseline)
#ifdef HAS_VECTORS
#define BYTES 16 /* SSE2, NEON */
#else
#define BYTES 0
#endif
#define TILE 5
#define CASES CASES_5
#define BLOCK 4
#include "_kernel_passes.h"
#undef NUMBER
