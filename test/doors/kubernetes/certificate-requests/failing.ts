import type { ApiError, ApiRequest } from '#kubernetes/api.ts';
import type { Shop } from './shop.ts';

/** Of the status of the request `web`. */
export const isWrite = ({ method, path }: ApiRequest) =>
  method === 'PATCH' && path.endsWith('certificaterequests/web/status');

/** The first writes of a status end with `thrown`. */
export function failing(door: Shop, thrown: ApiError, when: 'fault' | 'lost' = 'fault', times = 3): void {
  let left = times;
  door.api[when] = (request) => {
    if (isWrite(request) && left-- > 0) throw thrown;
  };
}
