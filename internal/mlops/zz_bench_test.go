package mlops
import ("testing";"time";"fmt")
func TestMeasureFold(t *testing.T){
 for _, runs := range []int{500,1000,2000,4000} {
  s := NewState("delay"); seq:=int64(0); now:=dawn
  var events []Event
  add := func(e Event){ seq++; e.Sequence=seq; e.Time=now; now=now.Add(time.Minute); events=append(events,e)}
  add(Event{Type:ModelCreated,Incarnation:"one"})
  for i:=1;i<=runs;i++ { id:=fmt.Sprintf("run-%d",i)
   add(Event{Type:RunRequested,RunID:id,Cause:&Cause{Kind:CauseDatasetVersion,Key:fmt.Sprint("flights/",i)}})
   add(Event{Type:RunTraining,RunID:id,Attempt:1,Inputs:&Inputs{Dataset:"flights",DatasetVersion:int64(i)}})
   add(Event{Type:RunTrained,RunID:id,Output:&Output{},Holdout:&Holdout{}})
   add(Event{Type:RunEvaluated,RunID:id,Judgement:&Judgement{Passed:true}})
   add(Event{Type:RunRegistered,RunID:id,Version:int64(i)})
   add(Event{Type:RunApproved,RunID:id,Version:int64(i)})
   add(Event{Type:RunPromoting,RunID:id,Version:int64(i),Alias:AliasChampion})
   add(Event{Type:RunPromoted,RunID:id,Version:int64(i),Alias:AliasChampion})
  }
  begin:=time.Now()
  for _,e:=range events { var err error; if s,err=Apply(s,e);err!=nil{t.Fatal(err)} }
  t.Logf("%d runs %d events %v", runs, len(events), time.Since(begin))
 }
}
