// Conditions of a questionnaire, computed as datalab/participation/expression.py computes them.
// A condition comes as nested lists; tests try one table of cases on both.
"use strict";
(() => {
  const isDate = (v) => typeof v === "string" && /^\d{4}-\d\d-\d\d$/.test(v);
  const truth = (v) => Boolean(v) && v === v;
  const number = (v) => (typeof v === "string" ? (/^\s*-?(\d+(\.\d*)?|\.\d+)\s*$/.test(v) ? Number(v) : NaN) : Number(v));
  const text = (v) => {
    if (typeof v !== "number" || !Number.isFinite(v)) return String(v);
    if (Number.isInteger(v) && Math.abs(v) < 1e15) return String(v === 0 ? 0 : v);
    return String(Number(v.toFixed(9)));
  };
  const equal = (a, b) => {
    if (typeof a === "boolean" || typeof b === "boolean") return truth(a) === truth(b);
    return typeof a === "string" && typeof b === "string" ? a === b : number(a) === number(b);
  };
  const pair = (a, b) => (isDate(a) && isDate(b) ? [a, b] : [number(a), number(b)]);
  const compare = (test) => (a, b) => test(...pair(a, b));
  const words = (v) => text(v).split(/\s+/).filter(Boolean);
  // Characters count as people count them, not as pairs of halves.
  const length = (v) => [...text(v)].length;
  const extreme = (choose) => (...values) => {
    const numbers = values.map(number);
    return numbers.some(Number.isNaN) ? NaN : choose(...numbers);
  };
  const work = {
    "=": equal,
    "!=": (a, b) => !equal(a, b),
    "<": compare((a, b) => a < b),
    "<=": compare((a, b) => a <= b),
    ">": compare((a, b) => a > b),
    ">=": compare((a, b) => a >= b),
    "+": (a, b) => number(a) + number(b),
    "-": (a, b) => number(a) - number(b),
    "*": (a, b) => number(a) * number(b),
    div: (a, b) => number(a) / number(b),
    mod: (a, b) => number(a) % number(b),
    selected: (a, b) => words(a).includes(text(b)),
    "count-selected": (a) => words(a).length,
    not: (a) => !truth(a),
    true: () => true,
    false: () => false,
    "string-length": length,
    number,
    string: text,
    int: (a) => Math.trunc(number(a)),
    round: (a) => Math.floor(number(a) + 0.5),
    abs: (a) => Math.abs(number(a)),
    min: extreme(Math.min),
    max: extreme(Math.max),
    coalesce: (a, b) => (text(a) !== "" ? a : b),
    concat: (...parts) => parts.map(text).join(""),
    regex: (a, b) => new RegExp(`^(?:${b})$`).test(text(a)),
  };
  const value = (tree, answers, own, today) => {
    const [head, ...rest] = tree;
    const of = (branch) => value(branch, answers, own, today);
    switch (head) {
      case "value": return rest[0];
      case "answer": return Object.hasOwn(answers, rest[0]) ? answers[rest[0]] : "";
      case "own": return own;
      case "today": return today;
      case "and": return truth(of(rest[0])) && truth(of(rest[1]));
      case "or": return truth(of(rest[0])) || truth(of(rest[1]));
      case "if": return of(truth(of(rest[0])) ? rest[1] : rest[2]);
      default: return work[head](...rest.map(of));
    }
  };
  globalThis.conditions = {
    value: (tree, answers, own = "", today = "") => value(tree, answers, own, today),
    holds: (tree, answers, own = "", today = "") => truth(value(tree, answers, own, today)),
    text,
  };
})();
