/** One limiter of the library by its own file, since the whole brings thirty stores that nobody asks for: 5 MB of a process. */
declare module 'rate-limiter-flexible/lib/RateLimiterMemory.js' {
  import { RateLimiterMemory } from 'rate-limiter-flexible';
  export default RateLimiterMemory;
}
