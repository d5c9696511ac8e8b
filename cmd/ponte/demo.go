package main

import _ "embed" // the demo brand's triggers and knowledge

//go:embed demo/triggers.json
var demoTriggers []byte

//go:embed demo/knowledge.json
var demoKnowledge []byte
