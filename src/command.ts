process.stderr.write('offload: not yet\n');
