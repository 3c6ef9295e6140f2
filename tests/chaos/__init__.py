"""Kills, stops and starves everything that a training needs, at random, until it is complete: are the bits the same?"""
