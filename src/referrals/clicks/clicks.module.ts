import { Module } from '@nestjs/common';
import { BotDetector } from './bot-detector.js';
import { ClickConnections } from './click-connections.js';
import { ClickCounter } from './click-counter.js';
import { ClickPartitions } from './click-partitions.js';
import { ClickRecorder } from './click-recorder.js';
import { ClickWriter } from './click-writer.js';
import { ClicksService } from './clicks.service.js';
import { CodeChangeListener } from './code-change-listener.js';
import { CodeDirectory } from './code-directory.js';
import { RedirectService } from './redirect.service.js';

/** The referral link and the clicks on it. */
@Module({
  providers: [
    BotDetector,
    ClickConnections,
    ClickCounter,
    ClickPartitions,
    ClickRecorder,
    ClicksService,
    ClickWriter,
    CodeChangeListener,
    CodeDirectory,
    RedirectService,
  ],
  exports: [RedirectService, ClicksService],
})
export class ClicksModule {}
