import '../playground/worker';
