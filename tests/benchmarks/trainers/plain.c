/* One epoch of stochastic gradient descent in one call: sigmoid units, quadratic cost, float.

   The loops as one writes them, over a whole mini-batch at a time, left to the compiler to
   unroll and vectorise: the inner loop has BATCH turns and -DBATCH=10 says how many. */

#include <math.h>
#include <stdint.h>

/* -ffast-math divides by way of a reciprocal, which makes NaN of 1 / infinity. */
#define LARGEST 80.0f

typedef struct {
    int n_in, n_out;
    float *W;  /* (n_out, n_in), as in the derivation */
    float *b;  /* (n_out) */
    float *a;  /* (BATCH, n_out) */
    float *dz; /* (BATCH, n_out), multiplied by eta / m; 0 behind a short mini-batch */
} Layer;

static void feedforward(const Layer *layer, const float *restrict x)
{
    int n_in = layer->n_in, n_out = layer->n_out;
    for (int j = 0; j < n_out; j++) {
        const float *restrict w = layer->W + j * n_in;
        float z[BATCH] = {0};
        for (int i = 0; i < n_in; i++)
            for (int m = 0; m < BATCH; m++)
                z[m] += w[i] * x[m * n_in + i];
        for (int m = 0; m < BATCH; m++)
            layer->a[m * n_out + j] = z[m] + layer->b[j];
    }
    for (int k = 0; k < BATCH * n_out; k++)
        layer->a[k] = 1.0f / (1.0f + expf(fminf(-layer->a[k], LARGEST)));
}

static void descend(const Layer *layer, const float *restrict x)
{
    int n_in = layer->n_in, n_out = layer->n_out;
    for (int j = 0; j < n_out; j++) {
        float *restrict w = layer->W + j * n_in;
        float d[BATCH];
        for (int m = 0; m < BATCH; m++) {
            d[m] = layer->dz[m * n_out + j];
            layer->b[j] -= d[m];
        }
        for (int i = 0; i < n_in; i++) {
            float sum = 0;
            for (int m = 0; m < BATCH; m++)
                sum += d[m] * x[m * n_in + i];
            w[i] -= sum;
        }
    }
}

static void backpropagate(const Layer *above, const Layer *below)
{
    int n_in = above->n_in, n_out = above->n_out;
    for (int m = 0; m < BATCH; m++) {
        float *restrict dz = below->dz + m * n_in;
        for (int i = 0; i < n_in; i++)
            dz[i] = 0;
        for (int j = 0; j < n_out; j++)
            for (int i = 0; i < n_in; i++)
                dz[i] += above->dz[m * n_out + j] * above->W[j * n_in + i];
        for (int i = 0; i < n_in; i++)
            dz[i] *= below->a[m * n_in + i] * (1.0f - below->a[m * n_in + i]);
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
        for (int l = 0; l < layers; l++)
            feedforward(&layer[l], l ? layer[l - 1].a : x);
        for (int r = 0; r < BATCH; r++)
            for (int j = 0; j < last->n_out; j++) {
                float a = last->a[r * last->n_out + j];
                float y = r < m && j == labels[order[start + r]];
                float step = r < m ? eta / (float)m : 0.0f;
                last->dz[r * last->n_out + j] = step * (a - y) * a * (1.0f - a);
            }
        for (int l = layers - 1; l > 0; l--) {
            backpropagate(&layer[l], &layer[l - 1]);
            descend(&layer[l], layer[l - 1].a);
        }
        descend(&layer[0], x);
    }
}
