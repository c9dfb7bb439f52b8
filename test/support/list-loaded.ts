import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

/** Imported before a program begins: lists the URL of each module that it loads, in any of its threads, in the file LOADED. */
const file = process.env.LOADED ?? '';
registerHooks({
  load(url, context, nextLoad) {
    appendFileSync(file, `${url}\n`);
    return nextLoad(url, context);
  },
});
