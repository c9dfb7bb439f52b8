import { styleText } from 'node:util';

/** What a piece of text is, rather than which colour it has. */
const formats = {
  heading: ['bold'],
  strong: ['bold'],
  dim: ['dim'],
  good: ['green'],
  bad: ['red'],
  warn: ['yellow'],
  name: ['cyan'],
} as const;

export type Style = { readonly [Kind in keyof typeof formats]: (text: string) => string };

const asIs = (text: string) => text;

function styleBy(
  paint: (format: readonly ('bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan')[]) => (text: string) => string,
): Style {
  return {
    heading: paint(formats.heading),
    strong: paint(formats.strong),
    dim: paint(formats.dim),
    good: paint(formats.good),
    bad: paint(formats.bad),
    warn: paint(formats.warn),
    name: paint(formats.name),
  };
}

export const colouredStyle: Style = styleBy(
  (format) => (text) => styleText([...format], text, { validateStream: false }),
);
export const plainStyle: Style = styleBy(() => asIs);

/** NO_COLOR (no-color.org) wins over FORCE_COLOR, which wins over what the stream is. */
export function wantsColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0';
  return stream.isTTY === true && env.TERM !== 'dumb';
}
