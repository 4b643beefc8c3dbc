select record_erasure(%(persons)s::uuid[], %(moment)s)
