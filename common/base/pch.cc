// The precompiled std headers need one translation unit to be built from.
