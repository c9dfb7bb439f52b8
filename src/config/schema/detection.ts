import { list, path, section } from './field.ts';

export const detection = section('Rules that watch the log; what they find is a record (docs/detection.md)', {
  rules: list(
    'Files and folders of `kind: WatchRule`; looked at again while the server runs',
    path('A file or folder'),
    { minItems: 1 },
  ),
});
