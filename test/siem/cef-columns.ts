/** Columns of Sentinel's CommonSecurityLog by the key of CEF that each is taken from, as Microsoft publishes it. */
export const sentinelColumns: Readonly<Record<string, string>> = {
  act: 'DeviceAction',
  app: 'ApplicationProtocol',
  cnt: 'EventCount',
  cn1: 'FieldDeviceCustomNumber1',
  cn2: 'FieldDeviceCustomNumber2',
  cs1: 'DeviceCustomString1',
  cs2: 'DeviceCustomString2',
  cs3: 'DeviceCustomString3',
  cs4: 'DeviceCustomString4',
  cs5: 'DeviceCustomString5',
  cs6: 'DeviceCustomString6',
  deviceCustomDate1: 'DeviceCustomDate1',
  duser: 'DestinationUserName',
  dvchost: 'DeviceName',
  externalId: 'ExtID',
  fileHash: 'FileHash',
  fname: 'FileName',
  msg: 'Message',
  oldFileHash: 'OldFileHash',
  outcome: 'EventOutcome',
  reason: 'Reason',
  shost: 'SourceHostName',
  spt: 'SourcePort',
  src: 'SourceIP',
  suid: 'SourceUserID',
  suser: 'SourceUserName',
};

/** Of the message's head, and of the table itself. */
export const sentinelHead = ['DeviceVendor', 'DeviceEventClassID', 'TimeGenerated', 'CommonSecurityLog'] as const;
