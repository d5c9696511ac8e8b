package testkit

import "time"

// codeStep is how long a code of a second factor is shown.
const codeStep = 30

// WaitForACodeToLast waits where the time step of second factors' codes is about to end: the code of the step before
// would be two steps old, and refused, by the time a slow machine has it checked.
func WaitForACodeToLast() {
	if left := codeStep - time.Now().Unix()%codeStep; left < codeStep/3 {
		time.Sleep(time.Duration(left) * time.Second)
	}
}
