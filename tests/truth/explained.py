def explanation(program, kind, *names):
    return None
