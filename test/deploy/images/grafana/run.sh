#!/bin/sh
exec node /opt/stand-in/serve.cjs
