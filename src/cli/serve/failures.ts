import { IssuerError } from '#authority/install-issuer.ts';
import { FipsLevelError } from '#server/fips.ts';
import { LogKeyError } from '#server/log-keys.ts';
import { WitnessesError } from '#server/witnesses-error.ts';
import { Failure } from '../failure.ts';

const systemErrors: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use: another server may run there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'not allowed to listen there: ports below 1024 need privileges',
};

/** Of whoever wrote what the server was given. */
const mistakes = [IssuerError, FipsLevelError, LogKeyError, WitnessesError] as const;

/** Why a server could not start, with the exit code for scripts; what is known elsewhere stays as it is. */
export function asServeFailure(thrown: unknown): unknown {
  if (mistakes.some((mistake) => thrown instanceof mistake) && thrown instanceof Error)
    return new Failure('input', thrown.message, undefined, { cause: thrown });
  if (thrown instanceof Error && 'syscall' in thrown && thrown.syscall === 'listen' && 'code' in thrown) {
    const words = systemErrors[String(thrown.code)];
    if (words !== undefined)
      return new Failure('unavailable', `${thrown.message}: ${words}`, undefined, { cause: thrown });
  }
  return thrown;
}
