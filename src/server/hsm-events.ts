import type { AuditLog } from '#issuance/ports.ts';
import type { Foundation } from './foundation.ts';
import type { HsmListener } from './open-key.ts';

/** Loss and return of a token, logged at once and recorded as soon as there is a log. */
export function hsmEvents({ events, logger }: Foundation): { listener: HsmListener; log: AuditLog | undefined } {
  const state: { listener: HsmListener; log: AuditLog | undefined } = {
    log: undefined,
    listener: (event, token) => {
      const message = event.type === 'hsm.lost' ? event.cause.message : 'the token answers again';
      logger.warn(event.type === 'hsm.lost' ? 'the HSM is lost' : 'the HSM is back', { reason: message });
      const outcome = event.type === 'hsm.lost' ? 'failed' : 'success';
      state.log
        ?.append(
          events.of(event.type, {
            outcome,
            message,
            key: { token },
            ...(outcome === 'failed' && { reason: 'signer.unavailable' }),
          }),
        )
        .catch((error: unknown) => logger.error('an event of the HSM could not be recorded', { error }));
    },
  };
  return state;
}
