// Preloaded, it makes waiting for the disk a matter of no time: what is left of a run is what the
// ledger costs without durability. For measuring only.
int fsync(int fd) { return (void)fd, 0; }
int fdatasync(int fd) { return (void)fd, 0; }
