import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from '#test/support/control-plane/program.ts';

/** rsyslogd out of the folder that Debian's packages were extracted into; what it writes for itself goes into `folder`. */
export function startRsyslog(root: string, folder: string, configuration: string): Program {
  const libraries = readdirSync(join(root, 'usr/lib')).map((each) => join(root, 'usr/lib', each));
  const modules = libraries.map((each) => join(each, 'rsyslog')).filter((each) => existsSync(each));
  writeFileSync(join(folder, 'rsyslog.conf'), configuration);
  const words = ['-n', '-f', join(folder, 'rsyslog.conf'), '-i', join(folder, 'pid'), '-M', modules.join(':')];
  const env = { ...process.env, LD_LIBRARY_PATH: libraries.join(':') };
  return new Program(join(root, 'usr/sbin/rsyslogd'), words, join(folder, 'said'), { env });
}
