import Type, { type Static } from 'typebox';
import * as Value from 'typebox/value';

const whole = Type.Integer({ minimum: 0 });
const schema = Type.Object({ from: whole, to: whole, covered: whole }, { additionalProperties: false });

/** Of an object before it is put: entries [from, to), under a checkpoint over `covered`. The same plan is the same octets. */
export type Plan = Static<typeof schema>;

export const writePlan = ({ from, to, covered }: Plan): string => JSON.stringify({ from, to, covered });

/** Undefined for none, and for what is no plan. */
export function readPlan(memo: string | undefined): Plan | undefined {
  if (memo === undefined) return undefined;
  const value: unknown = JSON.parse(memo);
  return Value.Check(schema, value) ? value : undefined;
}
