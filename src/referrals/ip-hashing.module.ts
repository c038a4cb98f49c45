import { Global, Module } from '@nestjs/common';
import { AffiliateIpRecorder } from '../affiliates/affiliate-ip-recorder.js';
import { AffiliateIpLog } from './affiliate-ip-log.js';
import { IpHasher } from './ip-hasher.js';

/** Global, because it answers a port of affiliates: the addresses that an affiliate's own browser uses. */
@Global()
@Module({
  providers: [IpHasher, { provide: AffiliateIpRecorder, useClass: AffiliateIpLog }],
  exports: [IpHasher, AffiliateIpRecorder],
})
export class IpHashingModule {}
