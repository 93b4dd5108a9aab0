/**
 * What the closures of quick-cel.ts are put together from: operators that take closures and give one. An operand that is
 * not translated (`undefined`) makes the whole untranslated.
 */
import type { CelContext } from "./cel.ts";
import { FAILED, itemsOf } from "./quick-values.ts";

/** One evaluation; variables of loops by their depth. */
export interface Frame {
  readonly values: CelContext;
  readonly variables: unknown[];
}

/** Gives a value of CEL, or FAILED. */
export type Closure = (frame: Frame) => unknown;

/** A constant. */
export function always(value: unknown): Closure {
  return () => value;
}

/** A strict operator of one operand. */
export function map1(operand: Closure | undefined, apply: (value: unknown) => unknown): Closure | undefined {
  if (operand === undefined) return undefined;
  return (frame) => {
    const value = operand(frame);
    return value === FAILED ? FAILED : apply(value);
  };
}

/** A strict operator of two operands. */
export function map2(
  left: Closure | undefined,
  right: Closure | undefined,
  apply: (left: unknown, right: unknown) => unknown,
): Closure | undefined {
  if (left === undefined || right === undefined) return undefined;
  return (frame) => {
    const one = left(frame);
    if (one === FAILED) return FAILED;
    const other = right(frame);
    return other === FAILED ? FAILED : apply(one, other);
  };
}

/** `&&` (decided by false) and `||` (by true): the deciding value on either side wins over a failure on the other. */
export function absorbing(
  deciding: boolean,
  left: Closure | undefined,
  right: Closure | undefined,
): Closure | undefined {
  if (left === undefined || right === undefined) return undefined;
  return (frame) => {
    const one = left(frame);
    if (one === deciding) return deciding;
    const other = right(frame);
    if (other === deciding) return deciding;
    return one === !deciding && other === !deciding ? !deciding : FAILED;
  };
}

/** `ask ? yes : no` */
export function choice([ask, yes, no]: readonly (Closure | undefined)[]): Closure | undefined {
  if (ask === undefined || yes === undefined || no === undefined) return undefined;
  return (frame) => {
    const answer = ask(frame);
    if (answer === true) return yes(frame);
    return answer === false ? no(frame) : FAILED;
  };
}

/** `exists` (decided by the first true) and `all` (by the first false); a failure counts where nothing decides. */
export function looping(deciding: boolean, over: Closure, test: Closure, depth: number): Closure {
  return (frame) => {
    const items = itemsOf(over(frame));
    if (items === undefined) return FAILED;
    let hasFailed = false;
    for (let at = 0; at < items.length; at += 1) {
      frame.variables[depth] = items[at];
      const answer = test(frame);
      if (answer === deciding) return deciding;
      if (answer !== !deciding) hasFailed = true;
    }
    return hasFailed ? FAILED : !deciding;
  };
}
