/* One epoch of stochastic gradient descent in one call: sigmoid units, quadratic cost, float.

   As fast as its author can make it without leaving out multiplications. What pays:
   - A block of sums stays in registers for a whole inner loop. Of 16 vector registers 10 hold
     sums in feedforward (5 examples x 2 vectors) and 12 hold weights in descend (6 inputs x
     2 vectors); then two loads a cycle feed two multiply-adds a cycle.
   - W^T lies as (n_in, width), width being n_out rounded up to whole blocks, zero behind n_out;
     examples are rounded up to whole blocks as well. So no inner loop has a rest.
   - The images of the next mini-batch are fetched into the cache while this one is learnt.

   Compiled with -DBATCH=10 for mini-batches of up to 10. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif
enum { ACROSS = 2, BLOCK = ACROSS * LANES, EXAMPLES = 5, INPUTS = 6, LINE = 64 };
enum { ROWS = (BATCH + EXAMPLES - 1) / EXAMPLES * EXAMPLES };

typedef float vector __attribute__((vector_size(4 * LANES), may_alias));
#define V(pointer) (*(vector *)(pointer))

/* -ffast-math divides by way of a reciprocal, which makes NaN of 1 / infinity. */
#define LARGEST 80.0f

typedef struct {
    int n_in, n_out, width;
    float *W;  /* (n_in, width): the derivation's W^T */
    float *b;  /* (width) */
    float *a;  /* (ROWS, width) */
    float *dz; /* (ROWS, width), multiplied by eta / m */
    float *T;  /* (n_out, width of the layer below): the derivation's W, for Fact 6 */
} Layer;

/* A = sigma(X W + b).  x: (ROWS, stride). */
static void feedforward(const Layer *layer, const float *x, int stride)
{
    int width = layer->width;
    for (int m = 0; m < ROWS; m += EXAMPLES)
        for (int j = 0; j < width; j += BLOCK) {
            const float *in = x + m * stride, *W = layer->W + j;
            float *a = layer->a + m * width + j;
            vector sum[EXAMPLES][ACROSS];
            for (int e = 0; e < EXAMPLES; e++)
                for (int v = 0; v < ACROSS; v++)
                    sum[e][v] = V(layer->b + j + v * LANES);
            for (int i = 0; i < layer->n_in; i++, W += width)
                for (int e = 0; e < EXAMPLES; e++)
                    for (int v = 0; v < ACROSS; v++)
                        sum[e][v] += in[e * stride + i] * V(W + v * LANES);
            for (int e = 0; e < EXAMPLES; e++)
                for (int v = 0; v < ACROSS; v++)
                    V(a + e * width + v * LANES) = sum[e][v];
        }
    for (int k = 0; k < ROWS * width; k++)
        layer->a[k] = 1.0f / (1.0f + expf(fminf(-layer->a[k], LARGEST)));
}

/* W -= X^T dZ,  b -= sum of dZ's rows; the step is in dZ already. */
static void descend(const Layer *layer, const float *x, int stride, int m)
{
    int width = layer->width, n_in = layer->n_in;
    for (int j = 0; j < width; j += BLOCK) {
        const float *dz = layer->dz + j;
        float *W = layer->W + j;
        int i = 0;
        for (; i + INPUTS <= n_in; i += INPUTS, W += INPUTS * width) {
            vector w[INPUTS][ACROSS];
            for (int p = 0; p < INPUTS; p++)
                for (int v = 0; v < ACROSS; v++)
                    w[p][v] = V(W + p * width + v * LANES);
            for (int r = 0; r < m; r++)
                for (int p = 0; p < INPUTS; p++)
                    for (int v = 0; v < ACROSS; v++)
                        w[p][v] -= x[r * stride + i + p] * V(dz + r * width + v * LANES);
            for (int p = 0; p < INPUTS; p++)
                for (int v = 0; v < ACROSS; v++)
                    V(W + p * width + v * LANES) = w[p][v];
        }
        for (; i < n_in; i++, W += width)
            for (int r = 0; r < m; r++)
                for (int v = 0; v < ACROSS; v++)
                    V(W + v * LANES) -= x[r * stride + i] * V(dz + r * width + v * LANES);
        for (int r = 0; r < m; r++)
            for (int v = 0; v < ACROSS; v++)
                V(layer->b + j + v * LANES) -= V(dz + r * width + v * LANES);
    }
}

/* dZ of the layer below: (dZ W) * A (1 - A). */
static void backpropagate(const Layer *above, const Layer *below, int m)
{
    for (int j = 0; j < above->n_out; j++)
        for (int i = 0; i < above->n_in; i++)
            above->T[j * below->width + i] = above->W[i * above->width + j];
    for (int r = 0; r < m; r++)
        for (int i = 0; i < below->width; i += LANES) {
            vector a = V(below->a + r * below->width + i), dA = {0};
            for (int j = 0; j < above->n_out; j++)
                dA += above->dz[r * above->width + j] * V(above->T + j * below->width + i);
            V(below->dz + r * below->width + i) = dA * a * (1.0f - a);
        }
}

static void shuffle(int64_t *order, int64_t n, uint64_t *state)
{
    for (int64_t k = n - 1; k > 0; k--) {
        *state ^= *state << 13; /* xorshift64, G. Marsaglia 2003 */
        *state ^= *state >> 7;
        *state ^= *state << 17;
        int64_t other = (int64_t)(((*state >> 32) * (uint64_t)(k + 1)) >> 32);
        int64_t kept = order[k];
        order[k] = order[other];
        order[other] = kept;
    }
}

int lanes(void) { return LANES; }
int block(void) { return BLOCK; }
int rows(void) { return ROWS; }

void train_epoch(int layers, Layer *layer, const uint8_t *images, const uint8_t *labels,
                 int64_t n, float eta, float *x, int64_t *order, uint64_t *state)
{
    int pixels = layer[0].n_in;
    const Layer *last = &layer[layers - 1];
    shuffle(order, n, state);
    for (int64_t start = 0; start < n; start += BATCH) {
        int m = (int)(n - start < BATCH ? n - start : BATCH);
        for (int r = 0; r < m; r++) {
            const uint8_t *image = images + order[start + r] * pixels;
            for (int i = 0; i < pixels; i++)
                x[r * pixels + i] = image[i] * (1.0f / 255.0f);
        }
        for (int64_t k = start + BATCH; k < start + 2 * BATCH && k < n; k++)
            for (int i = 0; i < pixels; i += LINE)
                __builtin_prefetch(images + order[k] * pixels + i);

        for (int l = 0; l < layers; l++)
            feedforward(&layer[l], l ? layer[l - 1].a : x, l ? layer[l - 1].width : pixels);
        for (int r = 0; r < m; r++)
            for (int j = 0; j < last->n_out; j++) {
                float a = last->a[r * last->width + j], y = j == labels[order[start + r]];
                last->dz[r * last->width + j] = eta / (float)m * (a - y) * a * (1.0f - a);
            }
        for (int l = layers - 1; l > 0; l--) {
            backpropagate(&layer[l], &layer[l - 1], m);
            descend(&layer[l], layer[l - 1].a, layer[l - 1].width, m);
        }
        descend(&layer[0], x, pixels, m);
    }
}
