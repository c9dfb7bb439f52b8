import { HttpListener, type HttpOptions } from '../http/listener.ts';
import { route, type Witnessing } from './routes.ts';

/** The door of a witness: plain HTTP, since what comes in and what goes out is signed. */
export function listenAsWitness(options: HttpOptions, witness: Witnessing): Promise<HttpListener> {
  return HttpListener.listen(options, (request, response) => route(request, response, witness));
}
