"""A DAG as its owner would write it: it reads what it is asked for, and where its rows are."""

from datetime import timedelta

from airflow.sdk import dag, task


@dag(schedule=None, catchup=False)
def retrain_toy():
    @task(retries=5, retry_delay=timedelta(seconds=2))
    def train(dag_run=None):
        asked = dag_run.conf["data"]
        print("training", asked["model"], "on", asked["training_data"]["export"])

    train()


retrain_toy()
