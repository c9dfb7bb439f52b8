import { initialiseToken } from '#keys/pkcs11/initialise-token.ts';
import { parsePkcs11Uri } from '#keys/pkcs11/uri.ts';
import type { SecretSource } from '#keys/secret-source.ts';
import type { Input } from '../command/command.ts';
import type { OptionValues } from '../command/options.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { plain } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { openPlan } from './open-plan.ts';
import type { initTokenOptions } from './options.ts';

export async function runInitToken(
  { options, operands, home }: Input<typeof initTokenOptions>,
  terminal: Terminal,
): Promise<Exit> {
  const soPin = securityOfficerPin(options);
  const { token, file } = openPlan(operands[0], home, terminal);
  if (token === undefined) throw new Failure('input', `${file}: plans nothing in a token`);
  const uri = parsePkcs11Uri(token.uri);
  const module = token.module ?? uri.modulePath;
  if (uri.token === undefined || module === undefined) {
    throw new Failure(
      'input',
      `${file}: token.uri must name the token, as in pkcs11:token=NAME, and "module" its library`,
    );
  }
  const was = await initialiseToken(module, uri.token, soPin, token.pin);
  if (options.json) terminal.printJson({ token: uri.token, was });
  else
    terminal.print(
      `${plain(uri.token)}: ${was === 'initialised' ? terminal.style.good('initialised') : 'already there, left as it is'}`,
    );
  return 'ok';
}

function securityOfficerPin(given: OptionValues<typeof initTokenOptions>): SecretSource {
  const { 'so-pin-file': file, 'so-pin-env': env } = given;
  if (file !== undefined && env === undefined) return { file };
  if (env !== undefined && file === undefined) return { env };
  throw new Failure('usage', 'say where the PIN of the security officer is: --so-pin-file FILE or --so-pin-env NAME');
}
