/** Facility 13, log audit; severity notice, of what was denied warning (RFC 5424 §6.2.1). */
const notice = 13 * 8 + 5;
const warning = 13 * 8 + 4;

/** The number that RFC 5612 keeps for examples: we have none of our own. */
export const exampleEnterprise = 32473;

interface Message {
  /** Whose number the structured data stands under. */
  readonly enterprise: number;
  readonly denied: boolean;
  /** RFC 3339, at most microseconds. */
  readonly time: string;
  readonly host: string | undefined;
  readonly type: string;
  /** Names of parameters are ours; values may be anything. */
  readonly data: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A message of RFC 5424, without a frame: whoever sends it over TLS counts its octets (RFC 5425), in a file it ends with a newline. */
export function syslogMessage({ enterprise, denied, time, host, type, data, text }: Message): string {
  const parameters = Object.entries(data).map(([name, value]) => ` ${name}="${value.replace(/["\\\]]/g, '\\$&')}"`);
  const structured = `[countersign@${enterprise}${parameters.join('')}]`;
  return `<${denied ? warning : notice}>1 ${time} ${word(host, 255)} countersign - ${word(type, 32)} ${structured} ${text}`;
}

/** Printable ASCII without spaces; a dash where nothing is left. */
const word = (text: string | undefined, longest: number) =>
  (text ?? '').replace(/[^\x21-\x7e]/g, '').slice(0, longest) || '-';
