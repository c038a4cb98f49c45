declare module 'swagger-ui-dist/absolute-path.js' {
  /** The folder of Swagger UI's files. The package's main module would load the whole page's script to say it. */
  export default function getAbsoluteFSPath(): string;
}
