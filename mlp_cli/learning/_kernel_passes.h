/* The two passes and the update, for one kind of floating number and one kind of processor.
 *
 * _kernel.c includes this file once for each. Before that it defines
 *
 *   REAL      float or double;  IS_DOUBLE  1 for double
 *   NAME(x)   x, with the number and the processor in its name
 *   BYTES     bytes of a vector register; 0 for plain loops
 *   TILE      examples whose sums fit into the registers together
 *   CASES(C)  C(count, chains) for a tile of 1 to TILE examples
 *   BLOCK     rows of a matrix that an update holds in the registers together
 *   CAN_COMPRESS  where the processor can pack the numbers that a mask names
 *
 * The symbols are those of docs/derivation.md. A mini-batch has m examples, one example a row. Rows
 * of units are padded with zeros to whole vectors, and stay 0 there.
 */

#if BYTES
#define LANES (BYTES / (int)sizeof(REAL))
typedef REAL NAME(vector) __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));
#if IS_DOUBLE
typedef uint64_t NAME(bits) __attribute__((vector_size(BYTES), aligned(8), may_alias));
#else
typedef uint32_t NAME(bits) __attribute__((vector_size(BYTES), aligned(4), may_alias));
#endif
#define TO_BITS(x) ((NAME(bits))(x))
#define FROM_BITS(x) ((NAME(vector))(NAME(bits))(x))
#define CHOOSE(mask, a, b) FROM_BITS((TO_BITS(mask) & TO_BITS(a)) | (~TO_BITS(mask) & TO_BITS(b)))
#define ALL(x) ((NAME(vector))((NAME(vector)){0} + (REAL)(x)))
#else
#define LANES 1
typedef REAL NAME(vector);
#if IS_DOUBLE
typedef uint64_t NAME(bits);
#else
typedef uint32_t NAME(bits);
#endif
static inline NAME(bits) NAME(to_bits)(REAL x) {
    NAME(bits) b;
    memcpy(&b, &x, sizeof b);
    return b;
}
static inline REAL NAME(from_bits)(NAME(bits) b) {
    REAL x;
    memcpy(&x, &b, sizeof x);
    return x;
}
#define TO_BITS(x) NAME(to_bits)(x)
#define FROM_BITS(x) NAME(from_bits)(x)
#define CHOOSE(mask, a, b) ((mask) ? (a) : (b))
#define ALL(x) ((REAL)(x))
#endif

#define V NAME(vector)
#define AT(p) (*(V *)(p))
#define CONST_AT(p) ((V)(*(const V *)(p)))

#if IS_DOUBLE
#define MANTISSA_BITS 52
#define EXPONENT_OF_1 1023
#define ROUNDER 6755399441055744.0 /* 1.5 * 2^52: a number added to it loses its fraction */
#define FARTHEST 708.0             /* e^708 is near the largest double, e^-708 near the smallest */
#define LN2_HIGH 6.93145751953125e-1
#define LN2_LOW 1.42860682030941723212e-6
#define TERMS 13
#else
#define MANTISSA_BITS 23
#define EXPONENT_OF_1 127
#define ROUNDER 12582912.0f /* 1.5 * 2^23 */
#define FARTHEST 87.3f
#define LN2_HIGH 6.93359375e-1f
#define LN2_LOW -2.12194440e-4f
#define TERMS 7
#endif

/* ---- The network ------------------------------------------------------------------------- */

/* A layer l = 2..L and its arrays. */
typedef struct {
    int inputs, units;             /* n_{l-1}, n_l */
    int width, input_width;        /* n_l and n_{l-1}, padded */
    REAL *M, *V_M;                 /* (W^l | b^l)^T: (n_{l-1} + 1, width), and its velocity or NULL */
    REAL *W, *V_W;                 /* W^l: (n_l, input_width), and its velocity; NULL for l = 2 */
    REAL *Z, *A, *sent, *dZ;       /* (m, width); sent: A^l * M^l, which is A^l without dropout */
    REAL *X;                       /* what the layer received, packed in tiles: (n_{l-1}, m) */
    REAL *D;                       /* dZ^l, packed in tiles: (n_l, m) */
} NAME(layer);

/* ---- Products, whose sums stay in the registers --------------------------------------------- */

/* Z = b + X M for one tile: `count` examples, and `vectors` registers of units.
 *
 * X: the tile's numbers, those of one row of M side by side.  rows: which rows of M, or NULL for
 * all in turn.  Where few sums would wait for each other, they are split into `chains`.
 */
INLINE void NAME(multiply_tile)(const REAL *X, const int32_t *rows, int n, int count, int vectors,
                                int chains, const REAL *M, ptrdiff_t width, const REAL *b, REAL *Z) {
    V sums[4][TILE][2];
    UNROLL for (int c = 0; c < chains; c++)
        UNROLL for (int e = 0; e < count; e++)
            UNROLL for (int v = 0; v < vectors; v++)
                sums[c][e][v] = c == 0 && b ? CONST_AT(b + v * LANES) : ALL(0);
    int k = 0;
    for (; k + chains <= n; k += chains)
        UNROLL for (int c = 0; c < chains; c++) {
            const REAL *row = M + (rows ? rows[k + c] : k + c) * width;
            const REAL *x = X + (ptrdiff_t)(k + c) * count;
            UNROLL for (int v = 0; v < vectors; v++) {
                const V w = CONST_AT(row + v * LANES);
                UNROLL for (int e = 0; e < count; e++) sums[c][e][v] += x[e] * w;
            }
        }
    for (; k < n; k++) {
        const REAL *row = M + (rows ? rows[k] : k) * width;
        const REAL *x = X + (ptrdiff_t)k * count;
        UNROLL for (int v = 0; v < vectors; v++) {
            const V w = CONST_AT(row + v * LANES);
            UNROLL for (int e = 0; e < count; e++) sums[0][e][v] += x[e] * w;
        }
    }
    UNROLL for (int e = 0; e < count; e++)
        UNROLL for (int v = 0; v < vectors; v++) {
            V sum = sums[0][e][v];
            UNROLL for (int c = 1; c < chains; c++) sum += sums[c][e][v];
            AT(Z + e * width + v * LANES) = sum;
        }
}

/* Z = b + X M for m examples.  X: packed in tiles.  M: rows of `width`.  Z: (m, width). */
static void NAME(multiply)(const REAL *X, const int32_t *rows, int n, int m, const REAL *M,
                           ptrdiff_t width, const REAL *b, REAL *Z) {
    for (ptrdiff_t u = 0; u < width; u += 2 * LANES) {
        const int is_pair = u + LANES < width;
        const REAL *bias = b ? b + u : NULL;
        for (int e = 0, count; e < m; e += count) {
            const REAL *x = X + (ptrdiff_t)e * n;
            REAL *z = Z + e * width + u;
            count = tile_size(m - e, TILE);
            switch (count) {
#define CASE(c, chains)                                                                          \
    case c:                                                                                      \
        if (is_pair)                                                                             \
            NAME(multiply_tile)(x, rows, n, c, 2, chains, M + u, width, bias, z);                \
        else                                                                                     \
            NAME(multiply_tile)(x, rows, n, c, 1, chains, M + u, width, bias, z);                \
        break;
                CASES(CASE)
#undef CASE
            }
        }
    }
}

/* M += factor X^T D for `count` rows of M from row k on, and `vectors` registers of units. */
INLINE void NAME(accumulate_block)(const REAL *X, const int32_t *rows, int k, int n, int m,
                                   int count, int vectors, const REAL *D, REAL factor, REAL *M,
                                   ptrdiff_t width) {
    V sums[BLOCK][2];
    UNROLL for (int r = 0; r < count; r++)
        UNROLL for (int v = 0; v < vectors; v++) sums[r][v] = ALL(0);
    for (int e = 0, size; e < m; e += size) {
        size = tile_size(m - e, TILE);
        const REAL *x = X + (ptrdiff_t)e * n + (ptrdiff_t)k * size;
        for (int i = 0; i < size; i++)
            UNROLL for (int v = 0; v < vectors; v++) {
                const V d = CONST_AT(D + (e + i) * width + v * LANES);
                UNROLL for (int r = 0; r < count; r++) sums[r][v] += x[r * size + i] * d;
            }
    }
    UNROLL for (int r = 0; r < count; r++) {
        REAL *row = M + (rows ? rows[k + r] : k + r) * width;
        UNROLL for (int v = 0; v < vectors; v++) AT(row + v * LANES) += factor * sums[r][v];
    }
}

/* The same for one example: a row's sum has one term, and goes straight to memory. */
static void NAME(accumulate_one)(const REAL *X, const int32_t *rows, int n, const REAL *D,
                                 REAL factor, REAL *M, ptrdiff_t width) {
    for (int k = 0; k < n; k++) {
        REAL *row = M + (rows ? rows[k] : k) * width;
        const REAL x = factor * X[k];
        for (ptrdiff_t v = 0; v < width; v += LANES) AT(row + v) += x * CONST_AT(D + v);
    }
}

/* M += factor X^T D for m examples.  X: packed in tiles, n rows.  D: (m, width). */
static void NAME(accumulate)(const REAL *X, const int32_t *rows, int n, int m, const REAL *D,
                             REAL factor, REAL *M, ptrdiff_t width) {
    if (m == 1) {
        NAME(accumulate_one)(X, rows, n, D, factor, M, width);
        return;
    }
    for (ptrdiff_t u = 0; u < width; u += 2 * LANES) {
        const int is_pair = u + LANES < width;
        int k = 0;
        for (; k + BLOCK <= n; k += BLOCK)
            if (is_pair)
                NAME(accumulate_block)(X, rows, k, n, m, BLOCK, 2, D + u, factor, M + u, width);
            else
                NAME(accumulate_block)(X, rows, k, n, m, BLOCK, 1, D + u, factor, M + u, width);
        for (; k < n; k++)
            if (is_pair)
                NAME(accumulate_block)(X, rows, k, n, m, 1, 2, D + u, factor, M + u, width);
            else
                NAME(accumulate_block)(X, rows, k, n, m, 1, 1, D + u, factor, M + u, width);
    }
}

/* ---- Packing: what a product takes, in tiles of examples -------------------------------------- */

/* Find the pixels with ink, and return how many there are. */
static int NAME(find_ink)(const uint8_t *ink, int64_t pixels, int32_t *positions) {
    int n = 0;
#ifdef CAN_COMPRESS
    __m512i places = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int64_t p = 0; p < pixels; p += 16) {
        const __m128i sixteen = _mm_loadu_si128((const __m128i *)(ink + p));
        const __mmask16 is_inked = _mm_test_epi8_mask(sixteen, sixteen);
        _mm512_storeu_si512(positions + n, _mm512_maskz_compress_epi32(is_inked, places));
        n += __builtin_popcount(is_inked);
        places = _mm512_add_epi32(places, _mm512_set1_epi32(16));
    }
#else
    for (int64_t p = 0; p < pixels; p += WORD)
        for (uint64_t bits = inked_bits(ink + p); bits; bits &= bits - 1)
            positions[n++] = (int32_t)p + lowest_bit(bits);
#endif
    return n;
}

/* Pack x = pixel / 255 at the inked positions.  levels: the 256 values of x. */
static void NAME(pack_pixels)(const uint8_t *const *images, const int32_t *positions, int n, int m,
                              const REAL *levels, REAL *X) {
    for (int e = 0, count; e < m; e += count) {
        count = tile_size(m - e, TILE);
        for (int k = 0; k < n; k++)
            for (int i = 0; i < count; i++) *X++ = levels[images[e + i][positions[k]]];
    }
}

/* Pack the first n numbers of each row.  rows: (m, width). */
static void NAME(pack_rows)(const REAL *rows, int n, int m, ptrdiff_t width, REAL *X) {
    for (int e = 0, count; e < m; e += count) {
        count = tile_size(m - e, TILE);
        for (int k = 0; k < n; k++)
            for (int i = 0; i < count; i++) *X++ = rows[(e + i) * width + k];
    }
}

/* ---- Activation functions -------------------------------------------------------------------- */

/* e^x = 2^n (1 + s): set *power to 2^n, and return s.  Beyond |x| = FARTHEST, the value there.
 *
 * x = n ln 2 + r with a whole n, so |r| <= ln 2 / 2, and 1 + s = e^r by its Taylor polynomial. 2^n is
 * made of an exponent's bits. s alone is rounded finer than 1 + s would be. What is no number stays so.
 */
INLINE V NAME(exponential_parts)(V x, V *power) {
    x = CHOOSE(x > ALL(FARTHEST), ALL(FARTHEST), x);
    x = CHOOSE(x < ALL(-FARTHEST), ALL(-FARTHEST), x);
    const V rounded = x * (REAL)1.44269504088896340736 + (REAL)ROUNDER;
    const V n = rounded - (REAL)ROUNDER;
    const V r = (x - n * (REAL)LN2_HIGH) - n * (REAL)LN2_LOW;
    V p = ALL(reciprocal_factorials[TERMS]);
    for (int k = TERMS - 1; k >= 2; k--) p = p * r + (REAL)reciprocal_factorials[k];
    *power = FROM_BITS((TO_BITS(rounded) + EXPONENT_OF_1) << MANTISSA_BITS);
    return r + (r * r) * p;
}

/* e^x */
INLINE V NAME(exponential)(V x) {
    V power;
    const V s = NAME(exponential_parts)(x, &power);
    return power + power * s;
}

/* sigma(z) = 1 / (1 + e^-z), with e^-z = 2^n (1 + s): 1 is first added to the smaller 2^n s. */
INLINE V NAME(sigmoid)(V z) {
    V power;
    const V s = NAME(exponential_parts)(-z, &power);
    return (REAL)1 / (((REAL)1 + power * s) + power);
}

/* tanh(z) = 2 sigma(2 z) - 1 */
INLINE V NAME(tanh)(V z) { return (REAL)2 * NAME(sigmoid)(z + z) - (REAL)1; }

/* max(z, 0); what is no number stays so, and the check after the epoch finds it. */
INLINE V NAME(relu)(V z) { return CHOOSE(z <= ALL(0), ALL(0), z); }

/* A = sigma(Z), elementwise; the padding stays 0. */
static void NAME(activate)(int activation, const REAL *Z, int units, int width, int m, REAL *A) {
    for (ptrdiff_t e = 0; e < m; e++) {
        const REAL *z = Z + e * width;
        REAL *a = A + e * width;
        for (int v = 0; v < width; v += LANES)
            AT(a + v) = activation == SIGMOID ? NAME(sigmoid)(CONST_AT(z + v))
                        : activation == TANH  ? NAME(tanh)(CONST_AT(z + v))
                                              : NAME(relu)(CONST_AT(z + v));
        for (int i = units; i < width; i++) a[i] = 0;
    }
}

/* a = sigma(z) for n numbers anywhere. */
static void NAME(each)(int activation, const void *z, int64_t n, void *a) {
    REAL from[64] = {0}, to[64];
    for (int64_t at = 0; at < n; at += 64) {
        const size_t bytes = (size_t)(n - at < 64 ? n - at : 64) * sizeof(REAL);
        memcpy(from, (const REAL *)z + at, bytes);
        NAME(activate)(activation, from, 64, 64, 1, to);
        memcpy((REAL *)a + at, to, bytes);
    }
}

/* a_i = e^z_i / sum of e^z_k, row by row; the largest z is subtracted first and cancels. */
static void NAME(softmax)(const REAL *Z, int units, int width, int m, REAL *A) {
    for (ptrdiff_t e = 0; e < m; e++) {
        const REAL *z = Z + e * width;
        REAL *a = A + e * width, largest = z[0], sum = 0;
        for (int i = 1; i < units; i++) largest = z[i] > largest ? z[i] : largest;
        for (int v = 0; v < width; v += LANES)
            AT(a + v) = NAME(exponential)(CONST_AT(z + v) - largest);
        for (int i = 0; i < units; i++) sum += a[i];
        for (int i = 0; i < units; i++) a[i] /= sum;
        for (int i = units; i < width; i++) a[i] = 0;
    }
}

/* ---- Feedforward ------------------------------------------------------------------------------ */

/* Z^2 = A^1 (W^2)^T + b^2, over the inked pixels alone: a black pixel adds nothing.
 *
 * positions: the pixels that any image of the mini-batch inks, n of them.
 */
static void NAME(feedforward_pixels)(NAME(layer) *layer, const uint8_t *const *images,
                                     const int32_t *positions, int n, int m, const REAL *levels) {
    NAME(pack_pixels)(images, positions, n, m, levels, layer->X);
    NAME(multiply)(layer->X, positions, n, m, layer->M, layer->width,
                   layer->M + (ptrdiff_t)layer->inputs * layer->width, layer->Z);
}

/* Z^l = A^{l-1} (W^l)^T + b^l, where dropout has put A^{l-1} * M^{l-1} in place of A^{l-1}. */
static void NAME(feedforward_layer)(const NAME(layer) *below, NAME(layer) *layer, int m) {
    NAME(pack_rows)(below->sent, layer->inputs, m, below->width, layer->X);
    NAME(multiply)(layer->X, NULL, layer->inputs, m, layer->M, layer->width,
                   layer->M + (ptrdiff_t)layer->inputs * layer->width, layer->Z);
}

/* What the layer above receives: A^l * M^l. The mask has one example a column: (n_l, m). */
static void NAME(drop_units)(NAME(layer) *layer, const REAL *mask, int m) {
    for (ptrdiff_t e = 0; e < m; e++)
        for (int i = 0; i < layer->units; i++)
            layer->sent[e * layer->width + i] =
                layer->A[e * layer->width + i] * mask[(ptrdiff_t)i * m + e];
}

/* How many examples have their highest output at their label; of equal outputs the first counts. */
static int NAME(count_correct)(const NAME(layer) *output, const uint8_t *labels, int m) {
    int correct = 0;
    for (ptrdiff_t e = 0; e < m; e++) {
        const REAL *a = output->A + e * output->width;
        const REAL own = a[labels[e]];
        int is_highest = own == own;
        for (int i = 0; i < labels[e]; i++) is_highest &= a[i] < own;
        for (int i = labels[e] + 1; i < output->units; i++) is_highest &= a[i] <= own;
        correct += is_highest;
    }
    return correct;
}

/* ---- Backpropagate ----------------------------------------------------------------------------- */

/* Facts 1 and 2 at the output, times the step size eta / m.
 *
 * quadratic cost     dZ^L = (A^L - Y) * A^L (1 - A^L)
 * other costs        dZ^L = A^L - Y
 */
static void NAME(facts_1_and_2)(NAME(layer) *output, const uint8_t *labels, int is_quadratic,
                                REAL step, int m) {
    for (ptrdiff_t e = 0; e < m; e++) {
        const REAL *a = output->A + e * output->width;
        REAL *dz = output->dZ + e * output->width;
        for (int i = 0; i < output->units; i++) {
            const REAL difference = a[i] - (REAL)(i == labels[e]);
            dz[i] = step * (is_quadratic ? difference * (a[i] - a[i] * a[i]) : difference);
        }
    }
}

/* Fact 6, then Fact 2: dA^{l-1} = dZ^l W^l, dZ^{l-1} = dA^{l-1} * sigma'(Z^{l-1}).
 *
 * Dropout multiplies dA^{l-1} by M^{l-1}. */
static void NAME(facts_6_and_2)(NAME(layer) *layer, NAME(layer) *below, int activation,
                                const REAL *mask, int m) {
    const int width = below->width;
    NAME(pack_rows)(layer->dZ, layer->units, m, layer->width, layer->D);
    NAME(multiply)(layer->D, NULL, layer->units, m, layer->W, width, NULL, below->dZ);
    for (ptrdiff_t at = 0; at < (ptrdiff_t)m * width; at += LANES) {
        const V a = CONST_AT(below->A + at);
        V slope = CHOOSE(a > ALL(0), ALL(1), ALL(0)); /* relu's */
        if (activation == SIGMOID) slope = a - a * a;
        if (activation == TANH) slope = (REAL)1 - a * a;
        AT(below->dZ + at) *= slope;
    }
    for (ptrdiff_t e = 0; e < m; e++) {
        if (mask)
            for (int i = 0; i < below->units; i++) below->dZ[e * width + i] *= mask[(ptrdiff_t)i * m + e];
        for (int i = below->units; i < width; i++) below->dZ[e * width + i] = 0;
    }
}

/* target = factor target + share other, elementwise. */
static void NAME(blend)(REAL *target, REAL factor, const REAL *other, REAL share, ptrdiff_t n) {
    for (ptrdiff_t at = 0; at < n; at += LANES)
        AT(target + at) = factor * CONST_AT(target + at) + share * CONST_AT(other + at);
}

/* Fact 3: db^l = sum of dZ^l over the examples.  bias += factor db^l. */
static void NAME(accumulate_bias)(const NAME(layer) *layer, int m, REAL factor, REAL *bias) {
    for (ptrdiff_t v = 0; v < layer->width; v += LANES) {
        V sum = ALL(0);
        for (ptrdiff_t e = 0; e < m; e++) sum += CONST_AT(layer->dZ + e * layer->width + v);
        AT(bias + v) += factor * sum;
    }
}

/* Fact 5, and the update of a matrix of weights M: M -= step dM with step dM = X^T D.
 *
 * The step size is in dZ^l, and so in X or D. With momentum V = mu V + step dM + decay M, and
 * M -= V; decay is L2's eta lambda / n.  velocity: V, or NULL.  size: numbers of M.  The others
 * are those of `accumulate`.
 */
static void NAME(descend_weights)(const REAL *X, const int32_t *rows, int n, int m, const REAL *D,
                                  REAL momentum, REAL decay, REAL *M, REAL *velocity, ptrdiff_t size,
                                  ptrdiff_t width) {
    if (velocity) {
        NAME(blend)(velocity, momentum, M, decay, size);
        NAME(accumulate)(X, rows, n, m, D, 1, velocity, width);
        NAME(blend)(M, 1, velocity, -1, size);
    } else {
        if (decay) NAME(blend)(M, 1, M, -decay, size);
        NAME(accumulate)(X, rows, n, m, D, -1, M, width);
    }
}

/* Fact 3, and the update of b^l: the same without decay. */
static void NAME(descend_bias)(const NAME(layer) *layer, int m, REAL momentum, REAL *b,
                               REAL *velocity) {
    if (velocity) {
        NAME(blend)(velocity, momentum, b, 0, layer->width);
        NAME(accumulate_bias)(layer, m, 1, velocity);
        NAME(blend)(b, 1, velocity, -1, layer->width);
    } else {
        NAME(accumulate_bias)(layer, m, -1, b);
    }
}

/* Move the parameters of a layer.  rows: the pixels of X, or NULL for a layer l >= 3. */
static void NAME(descend)(NAME(layer) *layer, const int32_t *rows, int n, int m, REAL momentum,
                          REAL decay) {
    const ptrdiff_t width = layer->width, weights = layer->inputs * width;
    NAME(descend_weights)(layer->X, rows, n, m, layer->dZ, momentum, decay, layer->M, layer->V_M,
                          weights, width);
    NAME(descend_bias)(layer, m, momentum, layer->M + weights, layer->V_M ? layer->V_M + weights : NULL);
    if (layer->W) /* W^l as Fact 6 takes it learns the same. */
        NAME(descend_weights)(layer->D, NULL, layer->units, m, layer[-1].sent, momentum, decay,
                              layer->W, layer->V_W, layer->units * (ptrdiff_t)layer->input_width,
                              layer->input_width);
}

/* ---- Train --------------------------------------------------------------------------------------- */

/* One turn of Train for every mini-batch of a block of examples. */
static void NAME(learn)(Task *task, NAME(layer) *layers) {
    const int m = task->m, depth = task->depth; /* layers 2..L */
    NAME(layer) *output = layers + depth - 1;
    REAL levels[256];
    for (int pixel = 0; pixel < 256; pixel++) levels[pixel] = (REAL)pixel / (REAL)255;
    const REAL *masks = task->masks;
    REAL *outputs = task->outputs;
    for (int64_t start = 0; start < task->count; start += m) {
        gather_images(task, start);
        const int n = NAME(find_ink)(task->ink, task->pixels, task->positions);
        NAME(feedforward_pixels)(layers, task->batch_images, task->positions, n, m, levels);
        const REAL *mask = masks;
        for (int l = 0; l < depth - 1; l++) {
            NAME(layer) *layer = layers + l;
            NAME(activate)(task->activation, layer->Z, layer->units, layer->width, m, layer->A);
            if (mask) {
                NAME(drop_units)(layer, mask, m);
                mask += (ptrdiff_t)layer->units * m;
            }
            NAME(feedforward_layer)(layer, layer + 1, m);
        }
        if (task->is_softmax)
            NAME(softmax)(output->Z, output->units, output->width, m, output->A);
        else
            NAME(activate)(SIGMOID, output->Z, output->units, output->width, m, output->A);
        for (ptrdiff_t e = 0; e < m; e++, outputs += output->units)
            memcpy(outputs, output->A + e * output->width, output->units * sizeof(REAL));
        task->correct += NAME(count_correct)(output, task->batch_labels, m);

        NAME(facts_1_and_2)(output, task->batch_labels, task->is_quadratic, (REAL)task->step, m);
        for (int l = depth - 1; l > 0; l--) {
            if (mask) mask -= (ptrdiff_t)layers[l - 1].units * m;
            NAME(facts_6_and_2)(layers + l, layers + l - 1, task->activation, mask, m);
            NAME(descend)(layers + l, NULL, layers[l].inputs, m, (REAL)task->momentum, (REAL)task->decay);
        }
        NAME(descend)(layers, task->positions, n, m, (REAL)task->momentum, (REAL)task->decay);
        if (masks) masks += task->hidden_units * m;
    }
}

/* Make room for the arrays of every layer, and learn.  Returns 0 where there is no memory. */
static int NAME(run)(Task *task, const Buffers *buffers) {
    const int m = task->m, depth = task->depth;
    int64_t numbers = 0; /* for one example */
    for (int l = 0; l < depth; l++)
        numbers += 4 * (int64_t)buffers[l].width + buffers[l].inputs + buffers[l].units;
    if (numbers > INT64_MAX / (int64_t)sizeof(REAL) / m - 128) return 0;
    const int64_t bytes = numbers * m * (int64_t)sizeof(REAL);
    NAME(layer) *layers = calloc(depth, sizeof *layers);
    REAL *room = aligned_room(bytes);
    if (layers && room) {
        memset(room, 0, (size_t)bytes); /* so that the padding of dZ^L and of `sent` is 0 */
        REAL *next = room;
        for (int l = 0; l < depth; l++) {
            const Buffers *b = buffers + l;
            const int64_t square = (int64_t)m * b->width;
            layers[l] = (NAME(layer)){
                .inputs = b->inputs, .units = b->units, .width = b->width,
                .input_width = b->input_width, .M = b->M, .V_M = b->V_M, .W = b->W, .V_W = b->V_W,
                .Z = next, .A = next + square, .dZ = next + 2 * square, .sent = next + 3 * square,
                .X = next + 4 * square, .D = next + 4 * square + (int64_t)m * b->inputs};
            if (!task->masks) layers[l].sent = layers[l].A;
            next += 4 * square + (int64_t)m * (b->inputs + b->units);
        }
        NAME(learn)(task, layers);
    }
    const int is_done = layers && room;
    free(layers);
    free_aligned(room);
    return is_done;
}

#undef V
#undef AT
#undef CONST_AT
#undef LANES
#undef TO_BITS
#undef FROM_BITS
#undef CHOOSE
#undef ALL
#undef MANTISSA_BITS
#undef EXPONENT_OF_1
#undef ROUNDER
#undef FARTHEST
#undef LN2_HIGH
#undef LN2_LOW
#undef TERMS

/* What was defined for this processor. */
#undef NAME
#undef BYTES
#undef TILE
#undef CASES
#undef BLOCK
#undef CAN_COMPRESS
