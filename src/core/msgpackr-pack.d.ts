// msgpackr 2.1.3 ships types for this subpath that name a file which is not there.
export { Packr } from 'msgpackr';
