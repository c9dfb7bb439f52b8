import { fieldOf, isCommitment, type RedactableField, redactableFields } from '#audit/disclosure.ts';
import type { Entry } from '#audit/entry.ts';
import { memberOf, textOf } from '#audit/json-object.ts';
import type { Span } from '#audit/runs.ts';
import type { Evidence } from '../evidence.ts';

const mostSpans = 100;

/** What the records of a period leave out. */
export class Missing {
  readonly #commitments = new Map<RedactableField, number>();
  #withoutCertificate = 0;
  #unapproved = 0;

  take(entry: Entry): void {
    for (const field of redactableFields)
      if (isCommitment(fieldOf(entry, field))) this.#commitments.set(field, (this.#commitments.get(field) ?? 0) + 1);
    if (entry.type === 'certificate.issued' && entry.certificateDer === undefined) this.#withoutCertificate++;
    if (isChange(entry) && !isApproved(entry)) this.#unapproved++;
  }

  /** `spans`: runs of records of which only the hashes are left; `records`: what may be of the period. */
  result(spans: readonly Span[], records: Span): Evidence['missing'] {
    const own = spans.flatMap(({ from, to }) => {
      const cut = { from: Math.max(from, records.from), to: Math.min(to, records.to) };
      return cut.from < cut.to ? [cut] : [];
    });
    return {
      dropped: own.reduce((sum, { from, to }) => sum + to - from, 0),
      spans: own.slice(0, mostSpans),
      commitments: redactableFields.flatMap((field) => {
        const records = this.#commitments.get(field);
        return records === undefined ? [] : [{ field, records }];
      }),
      withoutCertificate: this.#withoutCertificate,
      unapproved: this.#unapproved,
    };
  }
}

/** A start that finds what it left is no change. */
const isChange = ({ type, change }: Entry) =>
  (type === 'policy.loaded' || type === 'config.loaded' || type === 'detection.loaded') &&
  memberOf(change, 'beforeSha256') !== memberOf(change, 'afterSha256');

function isApproved({ actor, change }: Entry): boolean {
  return textOf(memberOf(change, 'ticket')) !== undefined || memberOf(actor, 'approvers') !== undefined;
}
