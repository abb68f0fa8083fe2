import '../playground/editing/worker';
