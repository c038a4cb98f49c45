import { Global, Module } from '@nestjs/common';
import { Clock, SystemClock } from './clock.js';
import { IdGenerator } from './ids.js';

@Global()
@Module({
  providers: [{ provide: Clock, useClass: SystemClock }, IdGenerator],
  exports: [Clock, IdGenerator],
})
export class CommonModule {}
