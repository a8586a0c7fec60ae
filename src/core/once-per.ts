// A function of an object that does not change, computed once for each: the answer is the same object every
// time, and goes with the one it is about.

export function oncePer<K extends object, V>(compute: (of: K) => V): (of: K) => V {
  const known = new WeakMap<K, { value: V }>();
  return (of) => {
    let answer = known.get(of);
    if (answer === undefined) {
      answer = { value: compute(of) };
      known.set(of, answer);
    }
    return answer.value;
  };
}
