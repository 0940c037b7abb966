/* The compiled engine: an epoch's mini-batches over inked pixels alone.
 *
 * Four fifths of MNIST's pixels are 0. Such a pixel adds nothing to z, and its weights get no
 * gradient, so to leave it out changes nothing. Weights of layer 2 are therefore kept transposed: a
 * pixel is a row, and rows of black pixels are not touched.
 *
 * This file has the interface to Python: it checks every argument, and chooses the processor's own
 * version of the passes, which are in _kernel_passes.h. It uses CPython's limited API of 3.11 and
 * the buffer protocol alone, so it needs no headers of NumPy.
 */

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* e^x rounds by adding a large number and taking it away again: no sum may be kept wider than its
 * type, or be left out. Such a compiler gets an error, and mlp is installed without the kernel. */
#if defined(__FAST_MATH__) || (defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0)
#error "the kernel needs floating-point numbers that are rounded to their type"
#endif

/* What a compiler offers beyond C11. Two macros take it away, to try here what others get:
 * MLP_BASELINE_ALONE  no versions for processors, as on ARM
 * MLP_PLAIN_LOOPS     no vectors either, as from MSVC */
#if (defined(__GNUC__) || defined(__clang__)) && !defined(MLP_PLAIN_LOOPS)
#define HAS_VECTORS 1
#if defined(__x86_64__) && !defined(MLP_BASELINE_ALONE)
#define IS_X86 1
#include <immintrin.h>
#endif
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#define restrict __restrict
#endif

#ifdef HAS_VECTORS
#define INLINE static inline __attribute__((always_inline))
#define PREFETCH(p) __builtin_prefetch(p)
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#else
#define INLINE static inline
#define PREFETCH(p) ((void)(p))
#define UNROLL
#endif

enum { SIGMOID, TANH, RELU };

static const double reciprocal_factorials[] = {
    1.0,
    1.0,
    1.0 / 2,
    1.0 / 6,
    1.0 / 24,
    1.0 / 120,
    1.0 / 720,
    1.0 / 5040,
    1.0 / 40320,
    1.0 / 362880,
    1.0 / 3628800,
    1.0 / 39916800,
    1.0 / 479001600,
    1.0 / 6227020800.0,
};

/* The parameters of a layer, as Python gives them. */
typedef struct {
    int inputs, units, width, input_width;
    void *M, *W, *V_M, *V_W;
} Buffers;

/* What a call is to do, but for the layers. */
typedef struct {
    int depth, activation, is_softmax, is_quadratic, m;
    double step, momentum, decay;
    const uint8_t *images, *labels;
    const int64_t *order;
    int64_t pixels, count, hidden_units;
    const void *masks;
    void *outputs;
    /* The mini-batch that is learned from, filled by find_ink. */
    const uint8_t **batch_images;
    uint8_t *batch_labels, *ink;
    int32_t *positions;
    int64_t correct; /* counted by the passes: examples predicted correctly before their update */
} Task;

static inline int tile_size(int left, int tile) { return left < tile ? left : tile; }

enum { WORD = 64 }; /* pixels that are looked at together; ink is padded to whole words */

/* A bit for each of WORD pixels: 1 where there is ink. */
static inline uint64_t inked_bits(const uint8_t *pixels) {
    uint64_t bits = 0;
#ifdef IS_X86
    for (int i = 0; i < WORD; i += 16) {
        const __m128i sixteen = _mm_loadu_si128((const __m128i *)(pixels + i));
        const __m128i is_black = _mm_cmpeq_epi8(sixteen, _mm_setzero_si128());
        bits |= (uint64_t)(0xffff & ~_mm_movemask_epi8(is_black)) << i;
    }
#else
    for (int i = 0; i < WORD; i++) bits |= (uint64_t)(pixels[i] != 0) << i;
#endif
    return bits;
}

/* The place of the lowest bit that is 1. */
static inline int lowest_bit(uint64_t bits) {
#ifdef HAS_VECTORS
    return __builtin_ctzll(bits);
#else
    int place = 0;
    while (!(bits >> place & 1)) place++;
    return place;
#endif
}

/* Point to the images and labels of a mini-batch, and fetch the next images ahead.
 *
 * ink: the images' bytes or-ed together, so that it is 0 where all of them are black.
 */
static void gather_images(const Task *task, int64_t start) {
    const int64_t pixels = task->pixels;
    uint8_t *restrict ink = task->ink;
    for (int e = 0; e < task->m; e++) {
        const int64_t at = task->order[start + e], next = start + e + (task->m > 1 ? task->m : 2);
        const uint8_t *restrict image = task->images + at * pixels;
        task->batch_images[e] = image;
        task->batch_labels[e] = task->labels[at];
        if (e == 0)
            memcpy(ink, image, pixels);
        else
            for (int64_t p = 0; p < pixels; p++) ink[p] |= image[p];
        if (next < task->count)
            for (int64_t p = 0; p < pixels; p += 64)
                PREFETCH(task->images + task->order[next] * pixels + p);
    }
}

/* Memory that begins at a line of the cache.  NULL where there is none. */
static void *aligned_room(int64_t bytes) {
    char *start = malloc((size_t)bytes + 128);
    if (!start) return NULL;
    char *aligned = (char *)(((uintptr_t)start + 128) & ~(uintptr_t)63);
    ((void **)aligned)[-1] = start;
    return aligned;
}

static void free_aligned(void *room) {
    if (room) free(((void **)room)[-1]);
}

/* ---- The passes for every number and processor --------------------------------------------------- */

#define CASES_5(C) C(1, 4) C(2, 2) C(3, 1) C(4, 1) C(5, 1)
#define CASES_6(C) CASES_5(C) C(6, 1)
#define CASES_12(C) CASES_6(C) C(7, 1) C(8, 1) C(9, 1) C(10, 1) C(11, 1) C(12, 1)

#define REAL float
#define IS_DOUBLE 0
#include "_kernel_processors.h"
#undef REAL
#undef IS_DOUBLE

#define REAL double
#define IS_DOUBLE 1
#include "_kernel_processors.h"
#undef REAL
#undef IS_DOUBLE

typedef int (*Run)(Task *, const Buffers *);
typedef void (*Activate)(int, const void *, int64_t, void *);

typedef struct {
    const char *name;
    Run runs[2]; /* float, double */
    Activate activates[2];
} Variant;

/* The fastest first. */
static const Variant variants[] = {
#ifdef IS_X86
    {"avx512", {run_float_avx512, run_double_avx512}, {each_float_avx512, each_double_avx512}},
    {"avx2", {run_float_avx2, run_double_avx2}, {each_float_avx2, each_double_avx2}},
#endif
#ifdef HAS_VECTORS
#define BASELINE "baseline"
#else
#define BASELINE "loops" /* under a name of its own: it takes three times as long */
#endif
    {BASELINE, {run_float_baseline, run_double_baseline}, {each_float_baseline, each_double_baseline}},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static int can_run(const Variant *variant) {
#ifdef IS_X86
    __builtin_cpu_init();
    if (!strcmp(variant->name, "avx512"))
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("fma");
    if (!strcmp(variant->name, "avx2"))
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    (void)variant;
    return 1;
}

static const Variant *find_variant(const char *name) {
    for (int i = 0; i < VARIANTS; i++)
        if (!strcmp(variants[i].name, name) && can_run(variants + i)) return variants + i;
    PyErr_Format(PyExc_ValueError, "variant %s: not for this processor", name);
    return NULL;
}

/* Numbers next to 0 that are not normal take a processor a hundred times as long: take 0 for them.
 * Returns what restore_rounding takes. */
static unsigned flush_denormals(void) {
#ifdef IS_X86
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040);
    return before;
#elif defined(__aarch64__) && defined(HAS_VECTORS)
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | (1u << 24)));
    return (unsigned)before;
#else
    return 0;
#endif
}

static void restore_rounding(unsigned before) {
#ifdef IS_X86
    _mm_setcsr(before);
#elif defined(__aarch64__) && defined(HAS_VECTORS)
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)before));
#else
    (void)before;
#endif
}

/* ---- Arguments from Python ------------------------------------------------------------------------- */

/* All buffers of a call, to be released together. */
typedef struct {
    Py_buffer *views;
    int count;
} Views;

static void release(Views *views) {
    for (int i = 0; i < views->count; i++) PyBuffer_Release(views->views + i);
    free(views->views);
}

/* Return the letter that the buffer protocol has for the type of a buffer's items. */
static char type_of(const Py_buffer *view) {
    const char *format = view->format ? view->format : "B";
    if (*format == '@' || *format == '=') format++;
    return format[0] && !format[1] ? format[0] : '?';
}

/* Get a buffer of these dimensions, row by row in memory, its items where the processor wants them.
 * NULL, with an error, for another.
 *
 * type: its letter; 'i' stands for a whole number of 64 bits.  rows, columns: -1 for any; columns
 * -2 for a vector.
 */
static Py_buffer *get(Views *views, PyObject *object, const char *name, char type, int is_writable,
                      int64_t rows, int64_t columns) {
    Py_buffer *view = views->views + views->count;
    const int flags = PyBUF_FORMAT | PyBUF_ND | PyBUF_C_CONTIGUOUS | (is_writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object, view, flags)) return NULL;
    views->count++;
    const char found = type_of(view);
    const int is_right = type == 'i' ? (found == 'l' || found == 'q') && view->itemsize == 8 : found == type;
    if (!is_right) {
        PyErr_Format(PyExc_TypeError, "%s: items of type %s, expected %c", name,
                     view->format ? view->format : "B", type);
        return NULL;
    }
    const int dimensions = columns == -2 ? 1 : 2;
    if (view->ndim != dimensions || (rows >= 0 && view->shape[0] != rows) ||
        (columns >= 0 && view->shape[1] != columns)) {
        PyErr_Format(PyExc_ValueError, "%s: its shape does not fit the network", name);
        return NULL;
    }
    if ((uintptr_t)view->buf % (uintptr_t)view->itemsize) {
        PyErr_Format(PyExc_ValueError, "%s: begins within an item of memory", name);
        return NULL;
    }
    return view;
}

/* Get a buffer of float or of double, and set *type to the letter of which. */
static Py_buffer *get_real(Views *views, PyObject *object, const char *name, char *type, int is_writable,
                           int64_t columns) {
    *type = 'f';
    const int before = views->count;
    Py_buffer *view = get(views, object, name, *type, is_writable, -1, columns);
    if (view || views->count == before || !PyErr_ExceptionMatches(PyExc_TypeError)) return view;
    PyErr_Clear();
    PyBuffer_Release(views->views + --views->count);
    *type = 'd';
    return get(views, object, name, *type, is_writable, -1, columns);
}

/* Get the parameters of a layer: a tuple (units, M, W, V_M, V_W), with None where there is none.
 *
 * below: the layer below, or NULL for layer 2. */
static int get_layer(Views *views, PyObject *item, const Buffers *below, char type, int is_moving,
                     Buffers *layer) {
    if (!PyTuple_Check(item) || PyTuple_Size(item) != 5) {
        PyErr_SetString(PyExc_TypeError, "a layer: expected (units, M, W, V_M, V_W)");
        return 0;
    }
    PyObject *parts[5];
    for (int i = 0; i < 5; i++) parts[i] = PyTuple_GetItem(item, i);
    const long units = PyLong_AsLong(parts[0]);
    if (units == -1 && PyErr_Occurred()) return 0;
    Py_buffer *M = get(views, parts[1], "M", type, 1, below ? below->units + 1 : -1, -1);
    if (!M) return 0;
    if (units < 1 || M->shape[0] < 2 || M->shape[0] > INT32_MAX || M->shape[1] > INT32_MAX ||
        M->shape[1] < units || M->shape[1] * M->itemsize % 64) {
        PyErr_SetString(PyExc_ValueError, "M: expected rows of whole vectors with room for all units");
        return 0;
    }
    *layer = (Buffers){.inputs = (int)M->shape[0] - 1, .units = (int)units, .width = (int)M->shape[1], .M = M->buf};
    Py_buffer *view;
    if (below) {
        layer->input_width = below->width;
        if (!(view = get(views, parts[2], "W", type, 1, units, below->width))) return 0;
        layer->W = view->buf;
    }
    if (is_moving) {
        if (!(view = get(views, parts[3], "V_M", type, 1, M->shape[0], M->shape[1]))) return 0;
        layer->V_M = view->buf;
        if (below) {
            if (!(view = get(views, parts[4], "V_W", type, 1, units, below->width))) return 0;
            layer->V_W = view->buf;
        }
    }
    return 1;
}

/* Copy the order, and check each index and its label.  Returns 0, with an error, for one too large.
 *
 * The copy is ours: what another thread writes to the original meanwhile, or the kernel itself where
 * an array of parameters lies in the same memory, leads to no index that was not checked.
 */
static int copy_order(int64_t *order, const int64_t *from, const Task *task, int64_t images, int classes) {
    for (int64_t i = 0; i < task->count; i++) {
        const int64_t at = order[i] = from[i];
        if (at < 0 || at >= images) {
            PyErr_SetString(PyExc_IndexError, "order: an index beyond the images");
            return 0;
        }
        if (task->labels[at] >= classes) {
            PyErr_SetString(PyExc_IndexError, "labels: a label beyond the outputs");
            return 0;
        }
    }
    return 1;
}

/* learn(variant, layers, activation, is_softmax, is_quadratic, images, labels, order, m, step,
 *       momentum, decay, masks, outputs) -> how many examples were predicted correctly */
static PyObject *kernel_learn(PyObject *module, PyObject *arguments) {
    const char *variant_name;
    PyObject *layers, *images, *labels, *order, *masks, *outputs;
    Task task = {0};
    if (!PyArg_ParseTuple(arguments, "sO!iiiOOOidddOO", &variant_name, &PyTuple_Type, &layers,
                          &task.activation, &task.is_softmax, &task.is_quadratic, &images, &labels,
                          &order, &task.m, &task.step, &task.momentum, &task.decay, &masks, &outputs))
        return NULL;
    const Variant *variant = find_variant(variant_name);
    if (!variant) return NULL;
    const Py_ssize_t depth = PyTuple_Size(layers);
    if (depth < 1 || depth > 10000 || task.m < 1 || task.activation < SIGMOID || task.activation > RELU) {
        PyErr_SetString(PyExc_ValueError, "no layer, no example in a mini-batch, or no such activation");
        return NULL;
    }
    task.depth = (int)depth;
    Views views = {calloc(4 * depth + 5, sizeof(Py_buffer)), 0};
    Buffers *buffers = calloc(depth, sizeof *buffers);
    int64_t *order_copy = NULL;
    PyObject *done = NULL;
    char type;
    if (!views.views || !buffers) {
        PyErr_NoMemory();
        goto end;
    }
    Py_buffer *view = get_real(&views, outputs, "outputs", &type, 1, -1);
    if (!view) goto end;
    const int64_t output_rows = view->shape[0], output_columns = view->shape[1];
    task.outputs = view->buf;
    for (Py_ssize_t l = 0; l < depth; l++) {
        PyObject *item = PyTuple_GetItem(layers, l);
        const Buffers *below = l ? buffers + l - 1 : NULL;
        if (!get_layer(&views, item, below, type, task.momentum != 0, buffers + l)) goto end;
        if (l < depth - 1) task.hidden_units += buffers[l].units;
    }
    const int classes = buffers[depth - 1].units;
    if (!(view = get(&views, images, "images", 'B', 0, -1, buffers[0].inputs))) goto end;
    const int64_t image_count = view->shape[0];
    task.images = view->buf;
    task.pixels = buffers[0].inputs;
    if (!(view = get(&views, labels, "labels", 'B', 0, image_count, -2))) goto end;
    task.labels = view->buf;
    if (!(view = get(&views, order, "order", 'i', 0, -1, -2))) goto end;
    const int64_t *order_given = view->buf;
    task.count = view->shape[0];
    if (task.count && task.hidden_units > INT64_MAX / task.count) {
        PyErr_NoMemory();
        goto end;
    }
    if (masks != Py_None) {
        if (!(view = get(&views, masks, "masks", type, 0, task.count * task.hidden_units, -2))) goto end;
        task.masks = task.hidden_units ? view->buf : NULL;
    }
    if (task.count % task.m || output_rows != task.count || output_columns != classes) {
        PyErr_SetString(PyExc_ValueError, "outputs or order: not of whole mini-batches of the network");
        goto end;
    }
    if (!task.count) {
        done = PyLong_FromLong(0);
        goto end;
    }
    /* From here on 1 <= m <= count: no room is larger than that of m examples that are there. */
    if (!(order_copy = malloc((size_t)task.count * sizeof *order_copy))) {
        PyErr_NoMemory();
        goto end;
    }
    if (!copy_order(order_copy, order_given, &task, image_count, classes)) goto end;
    task.order = order_copy;
    const size_t padded = (size_t)(task.pixels + WORD - 1) / WORD * WORD;
    task.batch_images = malloc(task.m * sizeof *task.batch_images);
    task.batch_labels = malloc(task.m);
    task.ink = calloc(padded, 1);
    task.positions = malloc((padded + 16) * sizeof *task.positions);
    int is_done = task.batch_images && task.batch_labels && task.ink && task.positions;
    if (is_done) {
        Py_BEGIN_ALLOW_THREADS
        const unsigned rounding = flush_denormals();
        is_done = variant->runs[type == 'd'](&task, buffers);
        restore_rounding(rounding);
        Py_END_ALLOW_THREADS
    }
    free(task.batch_images);
    free(task.batch_labels);
    free(task.ink);
    free(task.positions);
    if (is_done)
        done = PyLong_FromLongLong(task.correct);
    else
        PyErr_NoMemory();
end:
    free(order_copy);
    free(buffers);
    release(&views);
    (void)module;
    return done;
}

/* activate(variant, activation, z, a): a = sigma(z), elementwise, over vectors; for the tests. */
static PyObject *kernel_activate(PyObject *module, PyObject *arguments) {
    const char *variant_name;
    int activation;
    PyObject *z, *a;
    if (!PyArg_ParseTuple(arguments, "siOO", &variant_name, &activation, &z, &a)) return NULL;
    const Variant *variant = find_variant(variant_name);
    if (!variant) return NULL;
    if (activation < SIGMOID || activation > RELU) {
        PyErr_SetString(PyExc_ValueError, "no such activation");
        return NULL;
    }
    Views views = {calloc(2, sizeof(Py_buffer)), 0};
    PyObject *done = NULL;
    if (!views.views) {
        PyErr_NoMemory();
        goto end;
    }
    char type;
    Py_buffer *from = get_real(&views, z, "z", &type, 0, -2);
    if (!from) goto end;
    Py_buffer *to = get(&views, a, "a", type, 1, from->shape[0], -2);
    if (!to) goto end;
    const unsigned rounding = flush_denormals();
    variant->activates[type == 'd'](activation, from->buf, from->shape[0], to->buf);
    restore_rounding(rounding);
    done = Py_NewRef(Py_None);
end:
    release(&views);
    (void)module;
    return done;
}

/* variants(): the names of those that this processor can run, the fastest first. */
static PyObject *kernel_variants(PyObject *module, PyObject *arguments) {
    PyObject *names = PyList_New(0);
    for (int i = 0; names && i < VARIANTS; i++) {
        if (!can_run(variants + i)) continue;
        PyObject *name = PyUnicode_FromString(variants[i].name);
        if (!name || PyList_Append(names, name)) {
            Py_DECREF(names);
            names = NULL;
        }
        Py_XDECREF(name);
    }
    (void)module;
    (void)arguments;
    return names;
}

static PyMethodDef methods[] = {
    {"learn", kernel_learn, METH_VARARGS, "Learn from a block of examples, in place."},
    {"activate", kernel_activate, METH_VARARGS, "Write sigma(z) to a."},
    {"variants", kernel_variants, METH_NOARGS, "Return the processors' versions that can run here."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_kernel", "The compiled engine's passes.", 0, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModule_Create(&definition); }
