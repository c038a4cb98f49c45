import { Module } from '@nestjs/common';
import { SnippetController } from './snippet.controller.js';

/** The script that the pages of the host's site load. */
@Module({ controllers: [SnippetController] })
export class SnippetModule {}
