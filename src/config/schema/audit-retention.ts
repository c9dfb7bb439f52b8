import { duration, optional, section } from './field.ts';

export const auditRetention = section('How long the log keeps what it holds; left out, for ever', {
  bodies: optional(
    duration(
      'For how long a record of a request stays after it, and after the end of its certificate; then its hash alone is left',
    ),
  ),
});
