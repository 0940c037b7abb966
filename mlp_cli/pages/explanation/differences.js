/**
 * Central differences of the cost, as Python's explanation/differences.py takes them: the cost at
 * either side of one value, by a feedforward that starts at its layer. No derivative is used.
 */

const { STEP_SIZES, MAX_BEND, MIN_DISTANCE } = saved.differences;
const OFFSETS = [1, -1, 0.5, -0.5]; // the points at which the cost is evaluated, in steps

/** The least denominator of a relative deviation: below it, rounding decides. */
const floorOf = (passes) => 1e-4 * passes.C + 1e-9;

/** ln(e^u + e^v), without overflow. */
function logAddExp(u, v) {
  const larger = Math.max(u, v);
  return larger + Math.log1p(Math.exp(-Math.abs(u - v)));
}

/** Return C from z^L, exactly even where outputs round to 0 or 1. @param {Network} net */
function costOfWeightedInputs(net, z, y) {
  const terms = Array.from(z);
  if (net.cost === "log-likelihood") {
    const shift = sumOf(terms.map((each, i) => each * y[i]));
    return terms.map((each) => each - shift).reduce(logAddExp);
  }
  if (net.cost === "cross-entropy") {
    return sumOf(
      terms.map((each, i) => {
        const below = y[i] > 0 ? y[i] * logAddExp(0, -each) : 0;
        return below + (y[i] < 1 ? (1 - y[i]) * logAddExp(0, each) : 0);
      }),
    );
  }
  const distances = terms.map((each, i) => {
    if (y[i] !== 0 && y[i] !== 1) return y[i] - SIGMA.sigmoid([each])[0];
    return Math.exp(-logAddExp(0, y[i] === 1 ? each : -each));
  });
  return sumOf(distances.map((distance) => distance ** 2)) / 2;
}

/** Return (4 D(h/2) - D(h)) / 3, and |D(h/2) - D(h)|, which measures how much C bends. */
function extrapolate([plus, minus, halfPlus, halfMinus], h) {
  const wide = (plus - minus) / (2 * h);
  const narrow = (halfPlus - halfMinus) / h;
  return [(4 * narrow - wide) / 3, Math.abs(narrow - wide)];
}

/** Return the weighted inputs from which C follows when one value moves, and their layer.
 * @param {string} symbol d_a, d_z, d_b or D_W */
function movedInputs(net, passes, symbol, l, i, j, step) {
  if (symbol === "d_a") {
    const a = passes.a[l].slice();
    a[i] += step;
    return [l + 1, weightedInputs(net, l + 1, a)];
  }
  const z = passes.z[l].slice();
  // (w + step) a is w a + step a, and b + step moves z as z + step does.
  z[i] += symbol === "D_W" ? step * passes.a[l - 1][j] : step;
  return [l, z];
}

/** Return the central difference of C with respect to one value; NaN where there is none: at a
 * corner of relu, or at an output of 0 or 1 under a logarithm.
 * @param {Network} net @param {Passes} passes */
function centralDifference(net, passes, y, symbol, l, i, j = 0) {
  if (symbol === "d_a" && l === net.L) return wrtOutput(net, passes, y, i);
  let slope = NaN;
  for (const h of STEP_SIZES) {
    const points = OFFSETS.map((offset) => {
      const [layer, z] = movedInputs(net, passes, symbol, l, i, j, h * offset);
      return forwardFrom(net, layer, z, y);
    });
    const isCornered = points[0].signs.some((_, k) => points.some((p) => p.signs[k] !== points[0].signs[k]));
    const [found, bend] = extrapolate(
      points.map((point) => point.C),
      h,
    );
    slope = isCornered ? NaN : found;
    if (!isCornered && bend <= MAX_BEND * Math.max(Math.abs(found), floorOf(passes))) break;
  }
  return slope;
}

/** Return C from z^l on, and for relu on which side of its corner every unit is. */
function forwardFrom(net, l, z, y) {
  const signs = [];
  for (; l < net.L; l++) {
    if (net.activation === "relu") z.forEach((each) => signs.push(each > 0));
    z = weightedInputs(net, l + 1, sigmaOf(net, l)(z));
  }
  return { C: costOfWeightedInputs(net, z, y), signs };
}

/** With respect to an output: the slope of the one term of C that it is in. */
function wrtOutput(net, passes, y, i) {
  const [a, wanted] = [passes.a[net.L][i], y[i]];
  let distance = 1; // from a logarithm's end, which the steps must not reach
  if (net.cost !== "quadratic") {
    const below = net.cost === "cross-entropy" && wanted < 1 ? 1 - a : 1;
    distance = Math.min(wanted > 0 ? a : 1, below);
  }
  if (distance <= 0) return NaN;
  // 1 - a has few digits left near 0; and where a is y, Fact 1 divides 0 by 0.
  if (net.cost === "cross-entropy" && (distance < MIN_DISTANCE || distance === 1)) return NaN;
  const h = STEP_SIZES[0] * distance;
  const term = (value) => {
    if (net.cost === "quadratic") return (wanted - value) ** 2 / 2;
    const likely = wanted > 0 ? -wanted * Math.log(value) : 0;
    const unlikely = net.cost === "cross-entropy" && wanted < 1 ? (1 - wanted) * Math.log(1 - value) : 0;
    return likely - unlikely;
  };
  return extrapolate(
    OFFSETS.map((offset) => term(a + h * offset)),
    h,
  )[0];
}

/** Return |d - c| / max(|d|, |c|, floor) in words: `none` without c, `tiny` below the floor. */
function deviationInWords(d, c, passes) {
  if (Number.isNaN(c)) return "none";
  const [larger, floor] = [Math.max(Math.abs(d), Math.abs(c)), floorOf(passes)];
  if (larger > 0 && larger < floor) return "tiny";
  const deviation = Math.abs(d - c) / Math.max(larger, floor);
  return Number.isFinite(deviation) ? deviation.toExponential(1).replace("-", "−") : "infinite";
}
