"use strict";

// Polynomials ---------------------------------------------------------------------------------------------------------
//
// A polynomial comes as {by, terms: [[coefficient, {name: power}], ...]}. Its value is the sum of the terms, divided
// exactly by `by`. Every result is a BigInt.

// Whole numbers below this are exact as doubles, and so are their sums while all of them together are below it.
const EXACT = 2 ** 52;

const parsed = ({ by, terms }) => ({
  by: BigInt(by),
  terms: terms.map(([digits, powers]) => ({
    whole: BigInt(digits),
    double: Number(digits),
    powers: Object.entries(powers),
  })),
});

/** The sum of the terms, before it is divided; in doubles where these are exact, because they are fast. */
function sumOfTerms({ terms }, sizes) {
  let sum = 0;
  let together = 0;
  for (const { double, powers } of terms) {
    let value = double;
    for (const [name, power] of powers) for (let factor = 0; factor < power; factor++) value *= sizes[name];
    sum += value;
    together += Math.abs(value);
  }
  return together < EXACT ? BigInt(sum) : terms.reduce((total, term) => total + termValue(term, sizes), 0n);
}

const termValue = ({ whole, powers }, sizes) =>
  powers.reduce((value, [name, power]) => value * BigInt(sizes[name]) ** BigInt(power), whole);

/** The value of a polynomial for numbers. */
function evaluate(polynomial, sizes) {
  const sum = sumOfTerms(polynomial, sizes);
  if (sum % polynomial.by) throw new Error("a figure is not a whole number: a size has a value without a formula");
  return sum / polynomial.by;
}

/** The terms as a polynomial in one size, lowest power first, with numbers for all others. */
function inOne({ terms }, name, sizes) {
  const coefficients = [0n];
  for (const { whole, powers } of terms) {
    const power = powers.find(([each]) => each === name)?.[1] ?? 0;
    const others = powers.filter(([each]) => each !== name);
    while (coefficients.length <= power) coefficients.push(0n);
    coefficients[power] += termValue({ whole, powers: others }, sizes);
  }
  return trimmed(coefficients);
}

function trimmed(coefficients) {
  while (coefficients.length > 1 && coefficients.at(-1) === 0n) coefficients.pop();
  return coefficients;
}

/** A polynomial with start + step x in the place of its size. */
function inSteps(coefficients, start, step) {
  let result = [0n];
  for (const coefficient of coefficients.toReversed()) {
    const next = [coefficient, ...Array(result.length).fill(0n)];
    result.forEach((value, power) => {
      next[power] += value * start;
      next[power + 1] += value * step;
    });
    result = next;
  }
  return trimmed(result);
}

// Solving: bisection over whole numbers -------------------------------------------------------------------------------

const valueAt = (coefficients, x) => coefficients.reduceRight((value, coefficient) => value * x + coefficient, 0n);
const absolute = (value) => (value < 0n ? -value : value);
const larger = (one, other) => (one > other ? one : other);
/** The quotient rounded up, by a positive divisor. */
const ceiling = (value, by) => value / by + (value % by > 0n ? 1n : 0n);

/** A whole number beyond which a polynomial has no root and does not turn (Cauchy's bound). */
function bound(coefficients) {
  const leading = absolute(coefficients.at(-1));
  return coefficients.slice(0, -1).reduce((most, each) => larger(most, 1n + ceiling(absolute(each), leading)), 1n);
}

/** In a monotone piece that ends on the other side of a value: the last whole number on the side of `first`. */
function lastBefore(coefficients, value, first, last) {
  const above = valueAt(coefficients, first) > value;
  while (last - first > 1n) {
    const middle = (first + last) / 2n;
    if (valueAt(coefficients, middle) > value === above) first = middle;
    else last = middle;
  }
  return first;
}

/** The whole numbers from `low` to `high` in pieces, in each of which the polynomial only rises or only falls. */
function monotonePieces(coefficients, low, high) {
  if (coefficients.length <= 2 || low === high) return [[low, high]];
  const derivative = coefficients.slice(1).map((each, power) => each * BigInt(power + 1));
  return monotonePieces(derivative, low, high).flatMap(([first, last]) => {
    if (valueAt(derivative, first) > 0n === valueAt(derivative, last) > 0n) return [[first, last]];
    const cut = lastBefore(derivative, 0n, first, last);
    return [[first, cut], [cut + 1n, last]];
  });
}

/** Each whole number x from `low` to below `high` such that only one of x and x + 1 is over the budget. */
function crossings(pieces, coefficients, budget) {
  const found = [];
  let before = null;
  for (const [first, last] of pieces) {
    const over = valueAt(coefficients, first) > budget;
    if (before !== null && before !== over) found.push(first - 1n);
    before = valueAt(coefficients, last) > budget;
    if (before !== over) found.push(lastBefore(coefficients, budget, first, last));
  }
  return found;
}

/** The ranges of whole numbers from `low` on, without some of them; the last range ends at `high` or later. */
function between(without, low, high) {
  const ranges = [];
  for (const x of without) {
    if (low < x) ranges.push([low, x - 1n]);
    low = x + 1n;
  }
  return [...ranges, [low, larger(low, high)]];
}

/** A whole number above `low`, beyond which the polynomial neither turns nor meets the budget. */
const end = ([constant, ...others], budget, low) => larger(low, bound([constant - budget, ...others])) + 1n;

// Binary digits of a real root behind the point.
const DIGITS = 64n;

/** The x of at least 0 at which a polynomial meets the budget, as a double; of several, the nearest to `near`. */
function realRoot(coefficients, budget, near) {
  const found = crossings(monotonePieces(coefficients, 0n, end(coefficients, budget, 0n)), coefficients, budget);
  if (!found.length) return null;
  const start = found.reduce((best, x) => (absolute(x - near) < absolute(best - near) ? x : best));
  const degree = BigInt(coefficients.length - 1);
  const scaled = coefficients.map((each, power) => each << (DIGITS * (degree - BigInt(power))));
  const root = lastBefore(scaled, budget << (DIGITS * degree), start << DIGITS, (start + 1n) << DIGITS);
  return Number(root) / 2 ** Number(DIGITS);
}

/**
 * The value of a size at which a figure is nearest to a budget; the smallest where several are.
 *
 * `alone` has the values of the size at which the figure is not that of the polynomial, each with the figure. `near` says
 * whether the answer is within half of the budget, which is what counts as one, and `close` whether it is within a
 * twentieth. null where the figure does not depend on the size.
 */
function nearest(polynomial, size, sizes, budget, alone = []) {
  const step = BigInt(size.step);
  const start = BigInt(size.start % size.step);
  const coefficients = inSteps(inOne(polynomial, size.name, sizes), start, step);
  if (coefficients.length < 2) return null;
  const target = polynomial.by * budget;
  const low = ceiling(larger(1n, BigInt(size.least)) - start, step);
  const taken = alone.filter(([value]) => (BigInt(value) - start) % step === 0n);
  const own = new Map(taken.map(([value, figure]) => [(BigInt(value) - start) / step, polynomial.by * figure]));
  const apart = [...own.keys()].filter((x) => x >= low);
  const candidates = between(apart, low, end(coefficients, target, low)).flatMap(([first, last]) => {
    const pieces = monotonePieces(coefficients, first, last);
    return [...pieces.flat(), ...crossings(pieces, coefficients, target).flatMap((x) => [x, x + 1n])];
  });
  candidates.push(...apart);
  const figure = (x) => own.get(x) ?? valueAt(coefficients, x);
  const off = (x) => absolute(figure(x) - target);
  const x = candidates.reduce((best, each) =>
    off(each) < off(best) || (off(each) === off(best) && each < best) ? each : best,
  );
  return {
    value: start + step * x,
    size: Number(start + step * x),
    cost: figure(x) / polynomial.by,
    near: 2n * off(x) <= target,
    close: 20n * off(x) <= target,
    /** Where the figure meets the budget exactly; null where it does not cross it. */
    get root() {
      const root = own.has(x) ? null : realRoot(coefficients, target, x);
      return root === null ? null : Number(start) + size.step * root;
    },
  };
}

// What is shown -------------------------------------------------------------------------------------------------------

const DATA = JSON.parse(document.getElementById("data").textContent);
const POLYNOMIALS = DATA.polynomials.map(parsed);
const MODELS = DATA.models;
const TIMES = DATA.times ?? []; // estimated times on machines, where the page was made with some
const MILLISECOND = 1e12; // in femtoseconds, of which times are whole numbers
const COLUMN = [1, 2, 4, 8, 16, 32, 64]; // the rows of the table of widths, where a size starts at 1
// What is solved for, and at each value of what, unless another size is chosen.
const WIDTHS = ["d", "width", "widening", "w", "base_width"];
const CARDINALITIES = ["C", "cardinality", "r"];
const NONE = "–";
const LARGEST = 1e6; // of a size, and of a batch

const state = {};

const byId = (id) => document.getElementById(id);
const grouped = new Intl.NumberFormat("en-US");
const numeral = (value) => grouped.format(value);
const model = () => MODELS[state.model];
const sizeOf = (name, of = model()) => of.sizes.find((each) => each.name === name);
/** A size in words, with its name where that says more. */
const inWords = ({ name, meaning }) => (meaning === name.replaceAll("_", " ") ? meaning : `${meaning} ${name}`);
const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** A share in percent with its sign, of whole numbers of any size. */
function percent(value, reference) {
  if (!reference) return NONE;
  const hundredths = Number(((value - reference) * 1000000n) / reference) / 10000;
  return `${hundredths < 0 ? "−" : "+"}${Math.abs(hundredths).toFixed(2)} %`;
}

const UNITS = [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
const unitOf = (largest) => UNITS.find(([unit]) => largest >= unit) ?? [1, ""];

/** A whole number in four digits, such as 4.230 G. */
function short(value) {
  const [unit, letter] = unitOf(Number(value));
  return unit === 1 ? String(value) : `${(Number(value) / unit).toPrecision(4)} ${letter}`;
}

/** A number of bytes in words. */
function bytes(value) {
  const power = Math.min(Math.floor(Math.log2(Number(value)) / 10), 4);
  return power < 1 ? "" : `${(Number(value) / 2 ** (10 * power)).toPrecision(4)} ${["", "Ki", "Mi", "Gi", "Ti"][power]}B`;
}

const digits = (most) => new Intl.NumberFormat("en-US", { maximumSignificantDigits: most });
const [FINE, COARSE] = [digits(6), digits(4)];
const inMilliseconds = (time) => Number(time) / MILLISECOND;
/** A number of a figure; of a time it is that of milliseconds. */
const told = ({ time }, value) => (time ? FINE.format(inMilliseconds(value)) : numeral(value));

/** A budget as its field has it, and from there: of a time they are milliseconds, of which a field shows six digits. */
const inField = ({ time }, budget) => String(time ? Number(inMilliseconds(budget).toPrecision(6)) : budget);
function fromField({ time }, text) {
  const [, whole, decimals = ""] = /^(\d{1,25})(?:\.(\d{1,12}))?$/.exec(text) ?? [];
  if (!whole || (decimals && !time)) return null;
  return BigInt(time ? whole + decimals.padEnd(12, "0") : whole);
}

/** The figures that can be kept: of one block, or of the network. */
const KEPT = {
  "block-weights": { scope: "block", figure: "weights", words: "weights of one block" },
  macs: { scope: "network", figure: "macs", words: "multiply-adds of the network" },
  params: { scope: "network", figure: "params", words: "parameters of the network" },
  activations: { scope: "network", figure: "activations", words: "activations of the network" },
  ...Object.fromEntries(TIMES.map((time) => [time.figure, { scope: "network", figure: time.figure, words: time.words, time }])),
};

/**
 * The polynomial of a figure that holds at some sizes.
 *
 * A time has several, because convolutions are of another kind at some values of sizes. Those of more such values come
 * later, so of the ones that fit the last one holds.
 */
function polynomialOf(of, { scope, figure, time }, sizes = {}) {
  const fits = ({ where }) => Object.entries(where).every(([name, value]) => sizes[name] === value);
  if (time) return POLYNOMIALS[of.times[figure].findLast(fits).total];
  return POLYNOMIALS[scope === "block" ? of.block?.[figure] : of.figures[figure]?.total];
}

/** The sizes, each with a value, at which a time has another polynomial. */
const thresholds = (of, { figure, time }) =>
  time ? of.times[figure].map(({ where }) => Object.entries(where)).filter((named) => named.length === 1).flat() : [];

function cost(design, kept) {
  const polynomial = polynomialOf(MODELS[design.model], kept, design.sizes);
  return polynomial && evaluate(polynomial, design.sizes);
}

/** A figure along the unknown: its polynomial, and at the values that have another one what the figure is there. */
function along(kept, sizes) {
  const { unknown } = state;
  const alone = thresholds(model(), kept)
    .filter(([name]) => name === unknown)
    .map(([, value]) => [value, cost({ model: state.model, sizes: { ...sizes, [unknown]: value } }, kept)]);
  return { polynomial: polynomialOf(model(), kept, { ...sizes, [unknown]: null }), alone };
}

const canKeep = (key) => [model(), MODELS[state.reference.model]].every((each) => polynomialOf(each, KEPT[key]));
const budgetFor = (key) => (state.budget !== null && key === state.kept ? state.budget : cost(state.reference, KEPT[key]));
const solved = (key, sizes = state.sizes) => {
  const budget = budgetFor(key);
  const { polynomial, alone } = along(KEPT[key], sizes);
  return budget ? nearest(polynomial, sizeOf(state.unknown), sizes, budget, alone) : null;
};

// Changing the state --------------------------------------------------------------------------------------------------

const ownSizes = (index) => Object.fromEntries(MODELS[index].sizes.map(({ name, value }) => [name, value]));

/** Show a model with some sizes. What is solved for is the usual of another model, and stays that of the same. */
function choose(index, sizes = {}) {
  if (index !== state.model) [state.unknown, state.across] = usualPair(index);
  state.model = index;
  state.sizes = { ...ownSizes(index), ...sizes };
  keep(state.wanted);
}

function usualPair(index) {
  const names = MODELS[index].sizes.map(({ name }) => name);
  const first = (usual, others) => usual.find((name) => others.includes(name)) ?? others[0] ?? null;
  const unknown = first(WIDTHS, names);
  return [unknown, first(CARDINALITIES, names.filter((name) => name !== unknown))];
}

/** Solve for a size at each value of another one. */
function ask(unknown, across) {
  const names = model().sizes.map(({ name }) => name);
  state.unknown = unknown;
  state.across = across === unknown ? (names.find((name) => name !== unknown) ?? null) : across;
}

/** Choose what is to cost the same; where a model or the reference does not have it, it is the multiply-adds. */
function keep(key) {
  state.wanted = key;
  state.kept = canKeep(key) ? key : "macs";
}

function hold(reference) {
  state.reference = reference;
  state.budget = null;
  keep(state.wanted);
}

/** The nearest value that has a formula. */
function allowed(size, value) {
  const steps = Math.round(((Number.isFinite(value) ? value : size.value) - size.start) / size.step);
  const last = size.last ?? LARGEST;
  return Math.max(size.first, Math.min(size.start + steps * size.step, last - ((last - size.start) % size.step)));
}

/** Set a size of this design, or of the reference, which then is the budget. */
function setSize(name, value, design = state) {
  design.sizes[name] = allowed(sizeOf(name, MODELS[design.model]), value);
  if (design === state.reference) state.budget = null;
  if (state.follow && !(design === state && name === state.unknown)) follow();
}

/** Set the unknown size to the answer. */
function follow() {
  const found = solved(state.kept);
  if (found?.near) state.sizes[state.unknown] = allowed(sizeOf(state.unknown), found.size);
}

// The address ---------------------------------------------------------------------------------------------------------

const inAddress = ({ model: index, sizes }) =>
  [index, ...Object.entries(sizes).map(([name, value]) => `${name}:${value}`)].join(",");

function fromAddress(text) {
  const [index, ...pairs] = text.split(",");
  if (!/^\d+$/.test(index) || !MODELS[index]) return null;
  const given = Object.fromEntries(pairs.map((pair) => pair.split(":")));
  const sizes = ownSizes(index);
  for (const size of MODELS[index].sizes) {
    if (given[size.name] !== undefined) sizes[size.name] = allowed(size, Number(given[size.name]));
  }
  return { model: Number(index), sizes };
}

function address() {
  const { kept, unknown, across, figure, batch, vertical, formula, budget } = state;
  const words = { design: inAddress(state), against: inAddress(state.reference), kept, unknown, across, figure, batch };
  return `#${new URLSearchParams({ ...words, vertical, formula, follow: Number(state.follow), ...(budget && { budget }) })}`;
}

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const word = (name, known) => (known.includes(given.get(name)) ? given.get(name) : state[name]);
  const reference = fromAddress(given.get("against") ?? "");
  const design = fromAddress(given.get("design") ?? "");
  if (reference) hold(reference);
  if (design) choose(design.model, design.sizes);
  const names = model().sizes.map(({ name }) => name);
  ask(word("unknown", names), word("across", names));
  keep(word("kept", Object.keys(KEPT)));
  state.figure = word("figure", Object.keys(model().figures));
  state.vertical = word("vertical", ["params", "activations", ...TIMES.map(({ figure }) => figure)]);
  state.formula = word("formula", ["kept", "counted"]);
  state.follow = (given.get("follow") ?? "1") !== "0";
  state.batch = Math.max(1, Math.min(Math.round(Number(given.get("batch"))) || state.batch, LARGEST));
  if (/^[1-9]\d{0,24}$/.test(given.get("budget") ?? "")) state.budget = BigInt(given.get("budget"));
}

const link = () => location.href.split("#")[0] + address();

let writing = 0;
/** Write the state into the address when the hand rests: a browser refuses hundreds of changes. */
function writeAddress() {
  clearTimeout(writing);
  writing = setTimeout(() => history.replaceState(null, "", link()), 300);
}

// Texts ---------------------------------------------------------------------------------------------------------------

/** A network of the paper, or a model as it was given: its name, or nothing for any other design. */
function titleOf({ model: index, sizes }) {
  const same = (others) => Object.entries(sizes).every(([name, value]) => others[name] === value);
  const own = ownSizes(index);
  const preset = DATA.presets.find((each) => each.model === index && same({ ...own, ...each.sizes }));
  return preset?.title ?? (same(own) ? MODELS[index].title : "");
}

const named = (design) => titleOf(design) || `${MODELS[design.model].title} with ${listed(design.sizes)}`;
const listed = (sizes) => Object.entries(sizes).map(([name, value]) => `${name} = ${value}`).join(", ");

/** The call of a model with numbers in the place of its free names. */
function call(design = state) {
  const names = Object.keys(design.sizes).sort((one, other) => other.length - one.length);
  if (!names.length) return MODELS[design.model].call;
  // A name before = or ( is an argument or a function, and one in quotation marks a choice.
  return MODELS[design.model].call.replace(RegExp(`(?<!['\\w.])(${names.join("|")})(?![\\w'=(:])`, "g"), (name) => design.sizes[name]);
}

function command() {
  const [made, input] = call().split(" on ");
  const { time } = inFormula();
  const machine = time ? ` --on "${time.on}" --batch ${time.batch}` : "";
  return `resnext-flops ${time ? "predict" : "count"} "${made}"${input ? ` --input ${input}` : ""}${machine}`;
}

/** The figure whose formula is shown: what is to cost the same, or what is counted. */
const inFormula = () =>
  state.formula === "kept" ? KEPT[state.kept] : { scope: "network", figure: state.figure, words: figureWords(state.figure) };

function python() {
  const [made, input] = call().split(" on ");
  const given = input ? `, (${input.replaceAll(",", ", ")})` : "";
  const { scope, figure, time } = inFormula();
  const network = `rf.model('${made.replaceAll("'", '"')}'${given})`;
  if (time) {
    const imported = "import resnext_flops as rf\nfrom resnext_flops.complexity.figures import figure";
    return `${imported}\nprint(figure(${network}.cost(), ${JSON.stringify(figure)}))`;
  }
  const read = DATA.words[figure] ? `.${figure}` : `.total("${figure}")`;
  return `import resnext_flops as rf\nprint(${network}.part("${scope}")${read})`;
}

const latexName = (name) => sizeOf(name)?.latex.replace(/^\\, /, "") ?? name;

function latex() {
  const { by, terms } = polynomialOf(model(), inFormula(), state.sizes);
  const written = terms.map((term) => {
    const factors = term.powers.map(([name, power]) => `${state.sizes[name]}${power > 1 ? `^{${power}}` : ""}`);
    return [fraction(term.whole, by, (top, bottom) => `\\frac{${top}}{${bottom}}`), ...factors].join(" \\cdot ");
  });
  const symbols = terms.map((term) => {
    const factors = term.powers.map(([name, power]) => `${latexName(name)}${power > 1 ? `^{${power}}` : ""}`);
    return [fraction(term.whole, by, (top, bottom) => `\\frac{${top}}{${bottom}}`), ...factors].join(" \\, ");
  });
  const total = numeral(evaluate({ by, terms }, state.sizes)).replaceAll(",", "{,}");
  return `\\begin{aligned}\n&${symbols.join(" + ")} \\\\\n&= ${written.join(" + ")} \\\\\n&= ${total}\n\\end{aligned}`.replaceAll("+ -", "- ");
}

function divisor(one, other) {
  while (other) [one, other] = [other, one % other];
  return absolute(one);
}

/** A coefficient in lowest terms, written by a function where it is no whole number. */
function fraction(top, bottom, write = (over, under) => `${over}/${under}`) {
  const by = divisor(top, bottom);
  return bottom === by ? String(top / by) : write(top / by, bottom / by);
}

// Parts of the page ---------------------------------------------------------------------------------------------------

const sentence = (text) => text[0].toUpperCase() + text.slice(1);

/** The answer to the question, in one sentence, and what it means in another. */
function showAnswer() {
  const kept = KEPT[state.kept];
  const budget = budgetFor(state.kept);
  const found = solved(state.kept);
  const { unknown, across } = state;
  const meaning = sizeOf(unknown).meaning === unknown ? "size" : sizeOf(unknown).meaning;
  const at = across ? `At ${across} = ${state.sizes[across]}, ` : "";
  const [keeps, target] = state.budget === null ? ["keeps", `the cost of ${named(state.reference)}`] : ["meets", "the budget"];
  // They keep their places: nothing may jump while a hand drags.
  byId("use").disabled = !found?.near || found.size === state.sizes[unknown];
  byId("use").textContent = found?.near ? `Set ${unknown} = ${found.value}` : `Set ${unknown}`;
  if (!found) {
    byId("answer").textContent = `The ${kept.words} do not depend on ${unknown}.`;
    byId("exactly").textContent = "";
  } else if (!found.near) {
    byId("answer").textContent = sentence(`${at}no ${unknown} ${keeps} ${target}.`);
    byId("exactly").textContent = `Cost means the ${kept.words}: ${unknown} = ${found.value} comes nearest with ${told(kept, found.cost)}, and the budget is ${told(kept, budget)}.`;
  } else {
    const verb = found.close ? keeps : "comes nearest to";
    const answer = `<strong>${unknown} = ${found.value}</strong>`;
    byId("answer").innerHTML = sentence(`${at}the ${escaped(meaning)} ${answer} ${verb} ${escaped(target)}.`);
    const { root } = found;
    const equal = root === null ? "" : ` They would be equal at ${unknown} = ${root.toFixed(2)}.`;
    byId("exactly").textContent = `Cost means the ${kept.words}: ${told(kept, found.cost)} against ${told(kept, budget)}, ${percent(found.cost, budget)}.${equal}`;
  }
}

/** A row of figures: of this design and of the reference, each with a text below it, and how far they are apart. */
function figureRow(words, here, reference, below, { written = numeral, apart = percent } = {}) {
  const cells = [here, reference].map((each) => (each === null || each === undefined ? `<td>${NONE}</td>` : `<td>${written(each)} <span>${below(each)}</span></td>`));
  const off = here && reference ? apart(here, reference) : NONE;
  return `<tr><th scope="row">${escaped(words)}</th>${cells.join("")}<td>${off}</td></tr>`;
}

/** The rows of an estimated time: in milliseconds, and as images a second, each with its interval. */
function timeRows({ figure, words, imagesWords, batch, low, high }) {
  const times = [state, state.reference].map((design) => cost(design, KEPT[figure]));
  const images = (time) => (1000 * batch) / inMilliseconds(time);
  const interval = (from, to) => `${COARSE.format(from)} to ${COARSE.format(to)}`;
  return [
    figureRow(sentence(words), ...times, (time) => interval(low * inMilliseconds(time), high * inMilliseconds(time)), {
      written: (time) => FINE.format(inMilliseconds(time)),
    }),
    figureRow(sentence(imagesWords), ...times, (time) => interval(images(time) / high, images(time) / low), {
      written: (time) => FINE.format(images(time)),
      apart: (here, reference) => percent(reference, here),
    }),
  ];
}

function showFigures() {
  const outside = untried();
  byId("untried").textContent = outside.length ? `The formulas were not tried for so small a value of ${outside.join(", ")}; count the model to be sure.` : "";
  const other = MODELS[state.reference.model];
  const rows = [
    ["Parameters", { scope: "network", figure: "params" }],
    [state.figure === "macs" ? "Multiply-adds" : `${figureWords(state.figure)}`, { scope: "network", figure: state.figure }],
    ["Activations", { scope: "network", figure: "activations" }],
  ].map(([words, kept]) => figureRow(words, cost(state, kept), polynomialOf(other, kept) && cost(state.reference, kept), short));
  const training = (design) => {
    const place = MODELS[design.model].training;
    return place === null ? null : evaluate(POLYNOMIALS[place], { N: state.batch, ...design.sizes });
  };
  rows.push(figureRow(`Training memory in bytes, batch ${numeral(state.sizes.N ?? state.batch)}`, training(state), training(state.reference), bytes));
  byId("figures").innerHTML = [...rows, ...TIMES.flatMap(timeRows)].join("");
  byId("here-name").textContent = titleOf(state) || "this design";
  byId("reference-name").textContent = named(state.reference);
}

const figureWords = (name) => {
  const convention = DATA.conventions.find((each) => each.name === name);
  return convention ? `${convention.unit}s by ${name}'s rules` : DATA.words[name];
};

const filled = (text) => escaped(text.replace(/\{(\d+)\}/g, (_, place) => evaluate(POLYNOMIALS[place], state.sizes)));

function bracket(part) {
  if (typeof part === "string") return `<span>${filled(part)}</span>`;
  const layers = part.layers.map((layer) => `<span>${filled(layer)}</span>`).join("");
  return `<span class="block"><span class="bracket">${layers}</span> × ${evaluate(POLYNOMIALS[part.times], state.sizes)}</span>`;
}

function showStages() {
  const figure = model().figures[state.figure];
  const values = figure.parts?.map((place) => evaluate(POLYNOMIALS[place], state.sizes)) ?? [];
  const other = MODELS[state.reference.model];
  const theirs = (stage) => {
    const place = other.figures[state.figure]?.parts?.[other.stages.indexOf(stage)];
    return place === undefined ? null : evaluate(POLYNOMIALS[place], state.reference.sizes);
  };
  const total = values.reduce((sum, value) => sum + value, 0n);
  byId("stages-part").hidden = !values.length;
  byId("stages").innerHTML = model()
    .stages.map((stage, place) => {
      const value = values[place] ?? 0n;
      const reference = theirs(stage);
      const written = model().notation.find((each) => each.stage === stage);
      const share = total ? Number((value * 1000n) / total) / 10 : 0;
      return `<tr><th scope="row">${escaped(stage)}</th><td>${written ? filled(written.output) : ""}</td>
        <td class="notation">${written ? written.parts.map(bracket).join("") : ""}</td>
        <td class="number">${numeral(value)}</td><td class="bar"><i style="width:${share}%"></i><span>${share.toFixed(1)} %</span></td>
        <td class="number">${reference === null ? NONE : numeral(reference)}</td></tr>`;
    })
    .join("");
  byId("stages-figure").textContent = figureWords(state.figure);
}

/** The values of a size in a table: 1, 2, 4, ... or its first ones. */
function column(size) {
  const values = size.step === 1 ? COLUMN.map((each) => Math.max(each, size.first)) : COLUMN.map((_, place) => size.first + place * size.step);
  return [...new Set(values)].filter((each) => size.last === null || each <= size.last);
}

/** What the answers depend on, besides the two sizes that they are about. */
const question = () => {
  const { across, unknown, kept, budget, reference, model: index, sizes } = state;
  return JSON.stringify([index, { ...sizes, [across]: 0, [unknown]: 0 }, across, unknown, kept, String(budget), reference]);
};

/** The answers for some values of the other size, for everything that can be kept. */
function showWidths() {
  if (!state.across || state.shown === question()) return;
  state.shown = question();
  const { across, unknown } = state;
  const keys = Object.keys(KEPT).filter(canKeep);
  const paper = new Map(onPaper() ? DATA.paper : []);
  const head = keys.map((key) => `<th scope="col">${KEPT[key].words}</th>`).join("");
  byId("widths-head").innerHTML = `<th scope="col">${across}</th>${paper.size ? '<th scope="col">the paper’s Table 2</th>' : ""}${head}`;
  byId("widths").innerHTML = column(sizeOf(across))
    .map((value) => {
      const answers = keys.map((key) => solved(key, { ...state.sizes, [across]: value }));
      const first = paper.get(value) ?? answers[keys.indexOf(state.kept)]?.size;
      const cells = answers.map((found) => {
        if (!found?.near) return `<td>${NONE}</td>`;
        return found.size === first ? `<td>${found.size}</td>` : `<td class="differs">${found.size} ≠</td>`;
      });
      const printed = paper.size ? `<td>${paper.get(value) ?? NONE}</td>` : "";
      return `<tr><th scope="row"><button type="button" data-value="${value}">${value}</button></th>${printed}${cells.join("")}</tr>`;
    })
    .join("");
  byId("widths-caption").textContent = `The whole ${unknown} that comes nearest, for each ${across}. A sign ≠ marks what differs from ${paper.size ? "the paper’s, or from " : ""}what keeps the ${KEPT[state.kept].words}.`;
}

/** Whether the paper's Table 2 is about what is shown: ResNeXt-50's template against ResNet-50. */
function onPaper() {
  const { sizes } = state.reference;
  return DATA.paper.length && state.model === 0 && state.reference.model === 0 && sizes.C === 1 && sizes.d === 64
    && sizes.w === 64 && state.sizes.w === 64 && state.across === "C" && state.unknown === "d";
}

/** For which sizes the formula of a time is the one that is shown. */
function where(kept) {
  const found = thresholds(model(), kept).map(([name, value]) => `${name} ${state.sizes[name] === value ? "=" : "≠"} ${value}`);
  return found.length ? `, for ${found.join(" and ")}` : "";
}

function showFormula() {
  const { words, time } = inFormula();
  const polynomial = polynomialOf(model(), inFormula(), state.sizes);
  const power = ([name, times]) => `<i>${escaped(name)}</i>${times > 1 ? `<sup>${times}</sup>` : ""}`;
  const number = ([name, times]) => `${state.sizes[name]}${times > 1 ? `<sup>${times}</sup>` : ""}`;
  byId("terms").innerHTML = polynomial.terms
    .map((term) => {
      const value = termValue(term, state.sizes);
      const one = term.whole === polynomial.by && term.powers.length;
      const shown = one ? "" : fraction(term.whole, polynomial.by);
      const exact = fraction(value, polynomial.by);
      return `<tr><td>${[shown, ...term.powers.map(power)].filter(Boolean).join(" ")}</td><td>${[shown, ...term.powers.map(number)].filter(Boolean).join(" · ")}</td>
        <td class="number">${exact.includes("/") ? exact : numeral(BigInt(exact))}</td></tr>`;
    })
    .join("");
  byId("sum").textContent = numeral(evaluate(polynomial, state.sizes));
  byId("formula-figure").textContent = time ? `${time.exactWords}${where(inFormula())}. A millisecond has 10^12 femtoseconds.` : words;
  byId("formula").value = state.formula;
  byId("command").textContent = command();
  byId("python").textContent = python();
  byId("latex").textContent = latex();
}

/** The sizes that are outside of those for which an interpolated formula was tried. */
const untried = () => model().sizes.filter(({ name, start }) => state.sizes[name] < start).map(({ name }) => name);

function showLimits() {
  const { holds, fixed, refused } = model();
  byId("holds").textContent = holds;
  byId("fixed").textContent = fixed.length ? `These have no slider, because they change the structure of the network: ${fixed.join(", ")}.` : "";
  const names = Object.keys(refused);
  byId("refused").textContent = names.length ? `Without a formula here: ${names.map((name) => `${name} (${refused[name]})`).join("; ")}.` : "";
}

// Pictures ------------------------------------------------------------------------------------------------------------

const pictures = {};
const part = (picture, name) => pictures[picture].document.get_model_by_name(`${picture}-${name}`);
const put = (picture, name, x, y, more = {}) => {
  part(picture, name).data = { x, y, ...more };
  byId(`${picture}-${name}-legend`).hidden = !x.length;
};
const label = (picture, axis, text) => {
  part(picture, axis).axis_label = text;
};

// So many values of a size are drawn at most: all whole C up to 64 and d up to 128 are among them.
const MOST_ON_CURVE = 64;
const MOST_IN_SPACE = 128;

/** The values of a size as far as its slider goes: all, or evenly spaced ones. */
function valuesOf({ first, step, reach }, most) {
  const by = Math.max(1, Math.ceil(((reach - first) / step + 1) / most)) * step;
  return Array.from({ length: Math.floor((reach - first) / by) + 1 }, (_, place) => first + place * by);
}

/** The curve of the unknown against the other size. It changes with anything but these two. */
function drawCurve() {
  const { across, unknown, kept } = state;
  const size = sizeOf(across);
  const shown = { x: [], exact: [], whole: [], otherX: [], other: [] };
  const others = Object.keys(KEPT).filter((key) => key !== kept && canKeep(key));
  for (const value of valuesOf(size, MOST_ON_CURVE)) {
    const sizes = { ...state.sizes, [across]: value };
    const found = solved(kept, sizes);
    if (!found?.near) continue;
    shown.x.push(value);
    shown.exact.push(found.root ?? NaN);
    shown.whole.push(found.size);
    for (const key of others) {
      const answer = solved(key, sizes);
      if (answer?.near && answer.size !== found.size) {
        shown.otherX.push(value);
        shown.other.push(answer.size);
      }
    }
  }
  const paper = onPaper() ? DATA.paper : [];
  put("curve", "exact", shown.x, shown.exact);
  put("curve", "whole", shown.x, shown.whole);
  put("curve", "other", shown.otherX, shown.other);
  put("curve", "paper", paper.map(([x]) => x), paper.map(([, y]) => y));
  label("curve", "x", inWords(sizeOf(across)));
  label("curve", "y", inWords(sizeOf(unknown)));
  byId("curve").setAttribute("aria-label", `${unknown} against ${across} at equal ${KEPT[kept].words}; the table below has the numbers.`);
}

/** What each value of the unknown costs beside the others, and the budget as a line. */
function drawBalance() {
  const { unknown } = state;
  const size = sizeOf(unknown);
  const kept = KEPT[state.kept];
  const budget = Number(budgetFor(state.kept));
  const found = solved(state.kept);
  const drawing = pictures.balance;
  // While the budget is dragged, the axes stay, or the line would run away from the hand.
  if (!drawing.dragging) [drawing.unit, drawing.letter] = kept.time ? [MILLISECOND, ""] : unitOf(budget);
  const { unit, letter } = drawing;
  if (!drawing.dragging) drawing.most = Math.max(found?.near ? 2 * found.size : 0, 1.2 * state.sizes[unknown], size.first + 4 * size.step);
  const x = [];
  const every = Math.max(1, Math.round((drawing.most - size.first) / size.step / 64)) * size.step;
  for (let value = size.first; value <= drawing.most; value += every) x.push(value);
  const at = (value) => Number(cost({ model: state.model, sizes: { ...state.sizes, [unknown]: value } }, kept)) / unit;
  put("balance", "cost", x, x.map(at));
  put("balance", "whole", found?.near ? [found.size] : [], found?.near ? [Number(found.cost) / unit] : []);
  put("balance", "here", [state.sizes[unknown]], [at(state.sizes[unknown])]);
  part("balance", "budget").location = budget / unit;
  label("balance", "x", `${inWords(size)}${state.across ? `, at ${state.across} = ${state.sizes[state.across]}` : ""}`);
  label("balance", "y", `${kept.words}${letter && ` (${letter})`}`);
  byId("balance").setAttribute("aria-label", `${kept.words} against ${unknown}, and the budget of ${told(kept, budgetFor(state.kept))}.`);
}

// The space is drawn in these units.
const [GIGA, MEGA] = [1e9, 1e6];

/** The figures of the two axes, with their units. */
const axes = () => {
  const vertical = KEPT[state.vertical];
  return [[KEPT.macs, GIGA], [vertical, vertical.time ? MILLISECOND : MEGA]];
};

/** Where designs are in the space, for one value of the other size: a function from the unknown to the place. */
function placesAt(across) {
  const sizes = { ...state.sizes, [state.across]: across };
  const lines = axes().map(([kept, unit]) => {
    const { polynomial, alone } = along(kept, sizes);
    const line = inOne(polynomial, state.unknown, sizes).map((each) => Number(each) / Number(polynomial.by) / unit);
    return { line, own: new Map(alone.map(([value, figure]) => [value, Number(figure) / unit])) };
  });
  return (unknown) => lines.map(({ line, own }) => own.get(unknown) ?? line.reduceRight((value, each) => value * unknown + each, 0));
}

/** All designs, with their places in the space: of these alone a double is exact enough. */
function designs() {
  const found = { x: [], y: [], across: [], unknown: [] };
  const values = valuesOf(sizeOf(state.unknown), MOST_IN_SPACE);
  for (const across of valuesOf(sizeOf(state.across), MOST_IN_SPACE)) {
    const placeOf = placesAt(across);
    for (const unknown of values) {
      const [x, y] = placeOf(unknown);
      found.x.push(x);
      found.y.push(y);
      found.across.push(across);
      found.unknown.push(unknown);
    }
  }
  return found;
}

/** The places at which the budget is met exactly, by sizes that need not be whole. */
function atBudget() {
  const places = valuesOf(sizeOf(state.across), MOST_ON_CURVE).map((across) => {
    const root = solved(state.kept, { ...state.sizes, [state.across]: across })?.root ?? null;
    return root === null ? [NaN, NaN] : placesAt(across)(root);
  });
  return [0, 1].map((axis) => places.map((place) => place[axis]));
}

/** The numbers of the designs that no other beats. */
function front({ x, y }) {
  // With as many multiply-adds, more parameters are better. With as few activations, or as little time, more
  // multiply-adds are.
  const sign = state.vertical === "params" ? 1 : -1;
  const order = [...x.keys()].sort((one, other) => sign * (x[one] - x[other]) || sign * (y[other] - y[one]));
  let best = -Infinity;
  return order.filter((place) => {
    const better = sign * y[place] > best;
    if (better) best = sign * y[place];
    return better;
  });
}

/** The place of a design in the space. */
const placeOf = (design) => axes().map(([kept, unit]) => Number(cost(design, kept)) / unit);

function drawSpace() {
  const found = designs();
  pictures.space.found = found;
  put("space", "designs", found.x, found.y);
  put("space", "budget", ...atBudget());
  const best = front(found);
  put("space", "front", best.map((place) => found.x[place]), best.map((place) => found.y[place]));
  const networks = DATA.presets.flatMap((preset, place) => (preset.model === state.model ? [place] : []));
  const places = networks.map((place) => placeOf(presetAt(place)));
  put("space", "named", places.map(([x]) => x), places.map(([, y]) => y), { title: networks.map((place) => DATA.presets[place].title) });
  const { words, time } = KEPT[state.vertical];
  label("space", "x", "multiply-adds of the network (G)");
  label("space", "y", time ? words : `${words} (M)`);
  byId("pair").textContent = `${state.across} and ${state.unknown}`;
  byId("front-words").textContent = time
    ? "The Pareto front: the largest network for each time."
    : state.vertical === "params"
      ? "The Pareto front has, at each number of multiply-adds, the design with the most parameters."
      : "The Pareto front has, at each number of activations, the design with the most multiply-adds.";
  byId("space").setAttribute("aria-label", `${numeral(found.x.length)} designs by multiply-adds and ${words}, with a Pareto front of ${best.length}.`);
}

/** From a part of the smaller of two figures to as many times the larger. */
function around(range, times, ...figures) {
  range.setv({ start: Math.min(...figures) / times, end: Math.max(...figures) * times });
}

/** What moves with every step in the space: this design, and what is around it. */
function drawPlace() {
  const [[x, y], [otherX, otherY]] = [placeOf(state), placeOf(state.reference)];
  put("space", "here", [x], [y]);
  const drawing = pictures.space.document.roots()[0];
  around(drawing.x_range, 4, x, otherX);
  around(drawing.y_range, 2, y, otherY);
}

/** How each picture is drawn: what it depends on, what is drawn when that changes, and what with every step. */
const DRAWINGS = {
  curve: { ofPairs: true, key: question, whole: drawCurve, step: () => put("curve", "here", [state.sizes[state.across]], [state.sizes[state.unknown]]) },
  balance: { ofPairs: false, key: () => "", whole: () => {}, step: drawBalance },
  space: {
    ofPairs: true,
    key: () => question() + state.vertical,
    whole: drawSpace,
    step: drawPlace,
  },
};
// A picture is drawn anew when the hand rests so many milliseconds; what moves in it follows at once.
const REST = 100;
let resting = 0;

/** Draw the pictures that are in view. */
function draw() {
  clearTimeout(resting);
  const shown = Object.entries(pictures).filter(([name, { inView }]) => inView && (state.across || !DRAWINGS[name].ofPairs));
  const stale = shown.filter(([name, picture]) => picture.key !== DRAWINGS[name].key());
  const anew = () => {
    for (const [name, picture] of stale) {
      picture.key = DRAWINGS[name].key();
      DRAWINGS[name].whole();
    }
  };
  if (stale.some(([, picture]) => picture.key === undefined)) anew();
  else if (stale.length) resting = setTimeout(anew, REST);
  for (const [name] of shown) DRAWINGS[name].step();
}

/** The colours of the page in the pictures. */
function paint() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  for (const [name, { document: drawing }] of Object.entries(pictures)) {
    // Without a filled border the ticks of an earlier layout would stay.
    drawing.roots()[0].border_fill_color = colour("--page");
    for (const axis of ["x", "y"]) {
      part(name, axis).setv({
        axis_label_text_color: colour("--text"),
        major_label_text_color: colour("--text"),
        axis_line_color: colour("--line"),
        major_tick_line_color: colour("--line"),
      });
      part(name, `${axis}-grid`).grid_line_color = colour("--line");
    }
    for (const [glyph, variable] of Object.entries(DATA.glyphs[name])) {
      const found = part(name, `${glyph}-glyph`);
      found.line_color = colour(variable);
      if (found.fill_color && found.fill_color.value !== null) found.fill_color = colour(variable);
    }
  }
  part("balance", "budget").line_color = colour("--vermilion");
}

/** Make the pictures. */
async function embed() {
  Bokeh.logger.set_level("error");
  for (const name of Object.keys(DATA.pictures)) {
    const views = await Bokeh.embed.embed_item({ ...DATA.pictures[name], target_id: name });
    const view = views.roots?.[0] ?? [...views][0];
    pictures[name] = { document: view.model.document, inView: false };
  }
  const watcher = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) pictures[target.id].inView = isIntersecting;
    draw();
  });
  for (const name of Object.keys(pictures)) watcher.observe(byId(name));
  const balance = pictures.balance.document.roots()[0];
  balance.on_event("panstart", () => { pictures.balance.dragging = true; });
  balance.on_event("pan", drag);
  balance.on_event("panend", () => {
    pictures.balance.dragging = false;
    draw();
  });
  pictures.space.document.roots()[0].on_event("tap", pick);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  paint();
}

/** Set the budget to where the hand is. */
function drag({ y }) {
  state.budget = BigInt(Math.max(1, Math.round(y * pictures.balance.unit)));
  follow();
  changed();
}

/** Set the sizes to those of the design that is nearest to where the picture was clicked. */
function pick({ x, y }) {
  const { found } = pictures.space;
  const off = (place) => Math.hypot(Math.log(found.x[place] / x), Math.log(found.y[place] / y));
  let best = 0;
  for (let place = 1; place < found.x.length; place++) if (off(place) < off(best)) best = place;
  Object.assign(state.sizes, { [state.across]: found.across[best], [state.unknown]: found.unknown[best] });
  changed();
}

// Controls ------------------------------------------------------------------------------------------------------------

/** The two designs that have sliders: where these are, what their names begin with, and what is said of them. */
const SLIDERS = [
  { place: "sizes", prefix: "", design: () => state, whose: "" },
  { place: "reference-sizes", prefix: "reference-", design: () => state.reference, whose: " of the reference" },
];

function buildSizes({ place, prefix, design, whose }) {
  const { model: index, sizes } = design();
  byId(place).innerHTML = MODELS[index].sizes
    .map(({ name, meaning, first, step, last, reach }) => {
      const range = `min="${first}" max="${Math.max(reach, sizes[name])}" step="${step}"`;
      const words = inWords({ name, meaning });
      return `<div class="size"><label for="${prefix}field-${name}">${escaped(words)}<span class="unseen">${whose}</span></label>
        <input type="range" id="${prefix}slider-${name}" data-size="${name}" ${range} aria-label="${escaped(words + whose)}">
        <input type="number" id="${prefix}field-${name}" data-size="${name}" min="${first}" step="${step}" ${last === null ? "" : `max="${last}"`}></div>`;
    })
    .join("");
}

function showSizes({ prefix, design }) {
  const { model: index, sizes } = design();
  for (const { name, reach } of MODELS[index].sizes) {
    const slider = byId(`${prefix}slider-${name}`);
    if (slider.max < Math.max(reach, sizes[name])) slider.max = sizes[name];
    if (slider.valueAsNumber !== sizes[name]) slider.value = sizes[name];
    const field = byId(`${prefix}field-${name}`);
    if (document.activeElement !== field && field.valueAsNumber !== sizes[name]) field.value = sizes[name];
  }
}

const option = (value, words, chosen) => `<option value="${escaped(value)}"${chosen ? " selected" : ""}>${escaped(words)}</option>`;

function buildReferences() {
  const held = DATA.presets.findIndex(({ title }) => title === titleOf(state.reference));
  const presets = DATA.presets.map(({ title }, place) => option(place, title, place === held));
  byId("against").innerHTML = (held < 0 ? option("", named(state.reference), true) : "") + presets.join("");
  byId("reference-words").textContent = MODELS[state.reference.model].title;
}

function buildChoices() {
  const presets = DATA.presets.map(({ title }, place) => option(place, title));
  byId("preset").innerHTML = option("", "another design", false) + presets.join("");
  byId("presets-part").hidden = !presets.length;
  byId("figure").innerHTML = ["macs", ...DATA.conventions.map(({ name }) => name)]
    .filter((name) => name in model().figures)
    .map((name) => option(name, name === "macs" ? "multiply-adds, as the paper counts FLOPs" : `${name}: ${figureWords(name)}`, name === state.figure))
    .join("");
  byId("kept").innerHTML = Object.entries(KEPT).filter(([key]) => canKeep(key)).map(([key, { words }]) => option(key, words, key === state.kept)).join("");
  const names = model().sizes.map(({ name, meaning }) => [name, inWords({ name, meaning })]);
  byId("unknown").innerHTML = names.map(([name, words]) => option(name, words, name === state.unknown)).join("");
  byId("across").innerHTML = names.filter(([name]) => name !== state.unknown).map(([name, words]) => option(name, words, name === state.across)).join("");
  byId("model").innerHTML = MODELS.map(({ title }, place) => option(place, title, place === state.model)).join("");
  byId("batch-part").hidden = "N" in state.sizes;
  byId("model-part").hidden = MODELS.length < 2;
}

function showControls() {
  SLIDERS.forEach(showSizes);
  const preset = DATA.presets.findIndex(({ title }) => title === titleOf(state));
  byId("preset").value = preset < 0 ? "" : preset;
  byId("follow").checked = state.follow;
  byId("follow-words").textContent = `keep the cost: ${state.unknown} follows the other sliders`;
  byId("vertical").value = state.vertical;
  if (document.activeElement !== byId("batch")) byId("batch").value = state.batch;
  const budget = budgetFor(state.kept);
  if (document.activeElement !== byId("budget")) byId("budget").value = inField(KEPT[state.kept], budget ?? "");
  byId("budget-unit").textContent = KEPT[state.kept].time ? "in ms" : "";
  byId("reset-budget").disabled = state.budget === null;
  byId("convention").textContent = DATA.conventions.find(({ name }) => name === state.figure)?.counts ?? DATA.counts;
}

/** Show the state: called after every change. */
function changed() {
  showControls();
  showAnswer();
  showFigures();
  showStages();
  showWidths();
  showFormula();
  draw();
  writeAddress();
}

/** After another model or another reference: other controls, too. */
function rebuilt() {
  if (!(state.figure in model().figures)) state.figure = "macs";
  SLIDERS.forEach(buildSizes);
  buildChoices();
  buildReferences();
  showLimits();
  for (const part of document.querySelectorAll(".of-pairs")) part.hidden = !state.across;
  changed();
}

const on = (id, event, listener) => byId(id).addEventListener(event, listener);
const presetAt = (place) => {
  const { model: index, sizes } = DATA.presets[place];
  return { model: index, sizes: { ...ownSizes(index), ...sizes } };
};

function listen() {
  for (const { place, design } of SLIDERS) {
    on(place, "input", ({ target }) => {
      if (target.type === "number" && !target.value) return;
      setSize(target.dataset.size, Number(target.value), design());
      if (design() === state.reference) buildReferences();
      changed();
    });
    // A field shows the value that is used when it is left.
    on(place, "focusout", () => setTimeout(showControls));
  }
  on("preset", "change", ({ target }) => {
    if (target.value === "") return;
    const { model: index, sizes } = presetAt(target.value);
    choose(index, sizes);
    rebuilt();
  });
  on("against", "change", ({ target }) => {
    if (target.value === "") return;
    hold(presetAt(target.value));
    if (state.follow) follow();
    rebuilt();
  });
  on("hold", "click", () => {
    hold({ model: state.model, sizes: { ...state.sizes } });
    rebuilt();
  });
  on("model", "change", ({ target }) => {
    choose(Number(target.value));
    rebuilt();
  });
  on("kept", "change", ({ target }) => {
    keep(target.value);
    state.budget = null;
    if (state.follow) follow();
    changed();
  });
  on("unknown", "change", ({ target }) => {
    ask(target.value, state.across);
    rebuilt();
  });
  on("across", "change", ({ target }) => {
    ask(state.unknown, target.value);
    rebuilt();
  });
  on("figure", "change", ({ target }) => {
    state.figure = target.value;
    changed();
  });
  on("batch", "input", ({ target }) => {
    state.batch = Math.max(1, Math.min(Math.round(Number(target.value)) || 1, LARGEST));
    changed();
  });
  on("budget", "input", ({ target }) => {
    const budget = fromField(KEPT[state.kept], target.value);
    if (!budget) return;
    state.budget = budget;
    if (state.follow) follow();
    changed();
  });
  on("reset-budget", "click", () => {
    state.budget = null;
    if (state.follow) follow();
    changed();
  });
  on("follow", "change", ({ target }) => {
    state.follow = target.checked;
    if (state.follow) follow();
    changed();
  });
  on("use", "click", () => {
    follow();
    changed();
  });
  on("vertical", "change", ({ target }) => {
    state.vertical = target.value;
    changed();
  });
  on("formula", "change", ({ target }) => {
    state.formula = target.value;
    changed();
  });
  on("widths", "click", ({ target }) => {
    if (!target.dataset.value) return;
    setSize(state.across, Number(target.dataset.value));
    changed();
  });
  for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", copy);
  addEventListener("hashchange", () => {
    readAddress();
    rebuilt();
  });
}

async function copy({ currentTarget: button }) {
  const wanted = button.dataset.copy;
  const text = wanted === "link" ? link() : byId(wanted).textContent;
  try {
    await navigator.clipboard.writeText(text);
    byId("copied").textContent = "Copied.";
  } catch {
    // Some browsers let no file use the clipboard. The text is selected, to be copied by hand.
    if (wanted !== "link") getSelection().selectAllChildren(byId(wanted));
    byId("copied").textContent = wanted === "link" ? "The address of this page is the link." : "Selected: copy it with your keyboard.";
  }
}

function start() {
  Object.assign(state, { wanted: DATA.start.kept, budget: null, follow: true, figure: "macs", batch: 32, vertical: "activations", formula: "kept" });
  const { reference, design } = DATA.start;
  state.reference = { model: reference.model, sizes: { ...ownSizes(reference.model), ...reference.sizes } };
  choose(design.model, design.sizes);
  readAddress();
  rebuilt();
  listen();
  return embed();
}

const ready = start();
